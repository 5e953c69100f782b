//! Cases with a line of their own.
