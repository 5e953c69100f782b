//! What a person sees on a terminal: one line that tells how far things are, whole lines, and nothing left behind.

mod completion;
mod lines;
mod screen;
mod session;
mod table;
mod text;
