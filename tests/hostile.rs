//! Secrets that stay secret, and input of every kind that does no harm.

mod echo;
mod id;
mod json;
mod name;
mod secret;
mod size;
mod terminal;
