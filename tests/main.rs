//! The promises of the pipe, each kept by real processes, real pipes and a server that behaves.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod answer;
mod batch;
mod batch_again;
mod batch_delete;
mod batch_faults;
mod batch_queue;
mod bodies;
mod cancellation;
mod count;
mod delete;
mod dialects;
mod errors;
mod events;
mod exits;
mod filling;
mod finally;
mod foreign;
mod foreign_stores;
mod harness;
mod help;
mod hostile;
mod house;
mod index;
mod inline;
mod install;
mod layers;
mod limits;
mod list;
mod log;
mod looks;
mod matrix;
mod members;
mod mock;
mod models;
mod names;
mod net;
mod output;
mod pacing;
mod page;
mod patience;
mod pipes;
mod places;
mod poll;
mod prompts;
mod readme;
mod recipes;
mod record;
mod refusal;
mod release;
mod respond;
mod retry;
mod scarcity;
mod scene;
mod scripts;
mod search;
mod seeds;
mod shapes;
mod sharing;
mod signals;
mod stores;
mod streams;
mod terminal;
mod text;
mod total;
mod upload;
mod usage;
mod waits;
mod window;
mod wording;
