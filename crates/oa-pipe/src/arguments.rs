//! What a tool says of itself: its options, where its records come from, what it plans.

use clap::Parser;
use oa_core::Result;

use crate::glance::Glance;
use crate::options::Options;
use crate::plan::{Plan, Source};

/// What a tool's arguments tell the pipe.
pub trait Arguments: Parser {
    /// The tool's name.
    const TOOL: &'static str;
    /// Lines of shell that show what it is for, each of at most 78 columns.
    const EXAMPLES: &'static [&'static str];
    /// What to type where stdin was left to a terminal.
    const EXAMPLE: &'static str;
    /// What to type where plain text came instead of records; nothing where nobody would send it.
    const PLAIN: &'static str = "";
    /// What to type where no record is to come.
    const ACCEPTED: &'static str = "`-r` accepts none";
    /// It is the tool that cleans up behind the others.
    const CLEANS: bool = false;

    /// The shared options.
    fn options(&self) -> &Options;

    /// Where the records come from.
    ///
    /// # Errors
    /// `usage` for arguments that no record can be made of.
    fn source(&self) -> Result<Source>;

    /// The tool's own part of the plan.
    fn plan(&self) -> Plan {
        Plan::default()
    }

    /// What no single option shows.
    ///
    /// # Errors
    /// `usage` for options that do not go together.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Whether records are read from stdin, as far as a command line tells that is wrong.
    #[must_use]
    fn reads(glance: &Glance) -> bool {
        glance.operands().is_empty() || glance.operands().iter().any(|word| word == "-")
    }

    /// What to do where this word was typed that means nothing here, and that one after it.
    #[must_use]
    fn advice(_word: &str, _next: &str) -> Option<String> {
        None
    }
}
