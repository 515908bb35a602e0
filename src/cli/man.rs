//! `fanfold man`: manual pages.

use std::path::Path;

use clap::{Args, CommandFactory};

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
    match &args.folder {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            Channel::Stdout.write(&page)?;
        }
        Some(folder) => {
            let refused = |error: std::io::Error| {
                Failure::Environment(format!("cannot write to `{folder}`: {}", crate::read::reason(&error)))
            };
            std::fs::create_dir_all(folder).map_err(refused)?;
            clap_mangen::generate_to(Cli::command(), Path::new(folder)).map_err(refused)?;
        }
    }
    Ok(Exit::Fine)
}
