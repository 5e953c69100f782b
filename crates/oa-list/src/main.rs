//! The program `oa-list`; what it does stands in the library of this name.

use std::process::ExitCode;

fn main() -> ExitCode {
    oa_list::main()
}
