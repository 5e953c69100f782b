//! Lengths that several tables share.

use crate::schema::check::Kind::{self, Text};

pub(crate) const LONG: Kind = Text(10_485_760);
pub(crate) const SHORT: Kind = Text(usize::MAX);
