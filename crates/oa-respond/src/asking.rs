//! One question on its way, and who asks it.

use oa_core::client::Client;
use oa_pipe::plan::Job;
use oa_pipe::run::Run;

use crate::models::Models;
use crate::request::Prepared;

/// One question on its way.
pub(crate) struct Asking<'a> {
    pub(crate) client: &'a Client,
    pub(crate) run: &'a Run,
    pub(crate) job: &'a Job,
    pub(crate) request: &'a Prepared,
    pub(crate) models: &'a Models,
    pub(crate) allow_incomplete: bool,
    /// Text is written as it comes.
    pub(crate) text: bool,
}
