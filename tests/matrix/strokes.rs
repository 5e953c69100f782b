//! Signals at every stage.
