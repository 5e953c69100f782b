//! What is known of files and of the API's limits, as data: extensions, MIME types, families, what accepts them.
//!
//! [`table`] is the table of kinds, [`kind`] what a file is by its name and contents, [`stored`] what name it gets;
//! [`limit`] is the table of limits, [`candidate`] what they come to for a file that is about to be sent.

pub mod candidate;
pub mod kind;
pub mod limit;
mod name;
mod sniff;
pub mod stored;
pub mod table;
