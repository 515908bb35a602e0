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
            write_pages(&command, Path::new(folder))?;
        }
    }
    Ok(Exit::Fine)
}

/// Writes the pages of a command and of those below it.
fn write_pages(command: &clap::Command, folder: &Path) -> Result<(), Failure> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write_pages(below, folder)?;
    }
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    let is_page = |found: &[u8]| String::from_utf8_lossy(found).lines().any(|line| line.starts_with(".TH fanfold"));
    output::write_known(&text, &folder.join(page.get_filename()), Rights::default(), is_page)?;
    Ok(())
}
