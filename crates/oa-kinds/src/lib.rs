//! What is known of files and of the API's limits, as data: extensions, MIME types, families, what accepts them.

pub mod kind;
pub mod limit;
mod sniff;
