//! The program `oa-batch`; what it does stands in the library of this name.

use std::process::ExitCode;

fn main() -> ExitCode {
    oa_batch::main()
}
