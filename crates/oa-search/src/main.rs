//! The program `oa-search`; what it does stands in the library of this name.

use std::process::ExitCode;

fn main() -> ExitCode {
    oa_search::main()
}
