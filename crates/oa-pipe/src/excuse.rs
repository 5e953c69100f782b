//! What a tool does that cannot start: everything is passed on, so that what others made is not forgotten.

use oa_core::error::Error;
use oa_core::id::{Id, texts};
use oa_core::machine::lock;

use crate::pipe::Pipe;
use crate::record::Record;
use crate::shell;

/// The tool cannot start: says why, and passes everything on with that error.
pub(crate) fn excuse(pipe: &Pipe, error: &Error) {
    pipe.log.error(&error.to_string());
    lock(&pipe.verdict).own(error);
    // Text is expected on stdout, and says nothing of a record that is not worked on.
    let aside = pipe.plan.text && !pipe.output.keeps_records();
    while let Some(mut job) = pipe.next() {
        let mut record = std::mem::take(&mut job.incoming.record);
        if record.error().is_none() {
            record.fail(pipe.log.tool(), error);
        }
        if pipe.plan.reads_to_end {
            name_left(pipe, &record, job.incoming.bare.as_deref());
        }
        if aside {
            pipe.log.record(&record.object().to_line());
            pipe.skip(&job);
        } else {
            pipe.put(&job, record);
        }
    }
}

/// Names what this tool would have deleted, had it started.
fn name_left(pipe: &Pipe, record: &Record, bare: Option<&str>) {
    let mut ids = record.ids();
    ids.extend(bare.and_then(|id| Id::parse(id).ok()));
    if !ids.is_empty() {
        let command = shell::command(pipe.log.tool(), texts(&ids));
        pipe.log
            .error(&format!("left on the server; `{command}` deletes it"));
    }
}
