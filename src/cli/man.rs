//! `fanfold man`: manual pages.

use std::path::Path;

use clap::{Args, CommandFactory};

use super::output::{self, Rights};
use super::session::Channel;
use super::{Cli, Exit, Failure};

/// `man`
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write the pages of all commands to this folder
    #[arg(value_name = "DIR")]
    pub folder: Option<String>,
}

/// Prints the page of `fanfold`, or writes those of all commands.
pub(super) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    match args.folder.as_deref().filter(|folder| *folder != "-") {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            Channel::Stdout.write(&page)?;
        }
        Some(folder) => {
            let mut command = Cli::command().disable_help_subcommand(true);
            command.build();
            let pages = pages(&command)?;
            let path = |name: &str| Path::new(folder).join(name);
            for (name, _) in &pages {
                output::check_known(&path(name), Rights::default(), is_page)?;
            }
            for (name, text) in &pages {
                output::write_known(text, &path(name), Rights::default(), is_page)?;
            }
        }
    }
    Ok(Exit::Fine)
}

/// Returns the pages of a command and of those below it, with the names of their files.
fn pages(command: &clap::Command) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut pages = Vec::new();
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages.append(&mut self::pages(below)?);
    }
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    pages.push((page.get_filename(), text));
    Ok(pages)
}

fn is_page(found: &[u8]) -> bool {
    String::from_utf8_lossy(found).lines().any(|line| line.starts_with(".TH fanfold"))
}
