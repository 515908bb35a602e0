//! The command `fanfold`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fanfold::cli::main()
}
