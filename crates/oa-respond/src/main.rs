//! The program `oa-respond`; what it does stands in the library of this name.

use std::process::ExitCode;

fn main() -> ExitCode {
    oa_respond::main()
}
