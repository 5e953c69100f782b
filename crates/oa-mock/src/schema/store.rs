//! What a request to the vector stores may hold.

use crate::schema::check::Kind::{
    self, Attributes, Closed, Decimal, Either, Few, Flag, Id, Integer, List, Metadata, Open, Text,
    Variants, Word,
};
use crate::schema::check::{Field, must, null, opt};
use crate::schema::limit::{LONG, SHORT};

const EXPIRES_AFTER: Kind = Closed(&[
    must("anchor", Word("last_active_at")),
    must("days", Integer(1, 365)),
]);

/// Sizes in tokens; that an overlap is half a chunk at most is checked where it is read.
const STATIC: Kind = Closed(&[
    must("max_chunk_size_tokens", Integer(100, 4096)),
    must("chunk_overlap_tokens", Integer(0, 2048)),
]);
const CHUNKING: Kind = Variants(
    "",
    &[
        ("auto", Some(&[must("type", SHORT)])),
        (
            "static",
            Some(&[must("type", SHORT), must("static", STATIC)]),
        ),
    ],
);

/// The body of `POST /vector_stores`.
pub(crate) const CREATE: &[Field] = &[
    opt("name", Text(256)),
    opt("description", SHORT),
    opt("file_ids", Few(0, 500, &Id)),
    opt("expires_after", EXPIRES_AFTER),
    opt("chunking_strategy", CHUNKING),
    null("metadata", Metadata),
];

/// The body of `POST /vector_stores/{id}`.
pub(crate) const UPDATE: &[Field] = &[
    null("name", Text(256)),
    null("expires_after", EXPIRES_AFTER),
    null("metadata", Metadata),
];

/// The body of `POST /vector_stores/{id}/files`.
pub(crate) const FILE: &[Field] = &[
    must("file_id", Id),
    null("attributes", Attributes),
    opt("chunking_strategy", CHUNKING),
];

/// The body of `POST /vector_stores/{id}/files/{file_id}`.
pub(crate) const FILE_UPDATE: &[Field] = &[null("attributes", Attributes)];

/// The body of `POST /vector_stores/{id}/file_batches`.
pub(crate) const FILE_BATCH: &[Field] = &[
    opt("file_ids", Few(1, 2000, &Id)),
    opt("files", Few(1, 2000, &Closed(FILE))),
    null("attributes", Attributes),
    opt("chunking_strategy", CHUNKING),
];

const THRESHOLD: Field = opt("score_threshold", Decimal(0.0, 1.0));

/// The body of `POST /vector_stores/{id}/search`; what a filter holds is checked where it is read.
pub(crate) const SEARCH: &[Field] = &[
    must(
        "query",
        Either("a string or array of strings", &[LONG, Few(1, 64, &LONG)]),
    ),
    opt("rewrite_query", Flag),
    opt("max_num_results", Integer(1, 50)),
    opt("filters", Open),
    opt(
        "ranking_options",
        Closed(&[
            opt("ranker", Word("none auto default-2024-11-15")),
            THRESHOLD,
        ]),
    ),
];

const WEIGHT: Kind = Decimal(0.0, f64::MAX);

/// The tool `file_search` of `POST /responses`.
pub(super) const FILE_SEARCH: &[Field] = &[
    must("type", SHORT),
    must("vector_store_ids", Few(1, 512, &SHORT)),
    null("max_num_results", Integer(1, 50)),
    null("filters", Open),
    null(
        "ranking_options",
        Closed(&[
            opt("ranker", Word("auto default-2024-11-15")),
            THRESHOLD,
            opt(
                "hybrid_search",
                Closed(&[
                    must("embedding_weight", WEIGHT),
                    must("text_weight", WEIGHT),
                ]),
            ),
        ]),
    ),
];

/// A filter that compares one attribute.
pub(crate) const COMPARISON: &[Field] = &[
    must("type", SHORT),
    must("key", SHORT),
    must(
        "value",
        Either(
            "a string, number, boolean, or array",
            &[
                SHORT,
                NUMBER,
                Flag,
                List(&Either("a string or number", &[SHORT, NUMBER])),
            ],
        ),
    ),
];
const NUMBER: Kind = Decimal(f64::MIN, f64::MAX);

/// A filter that joins others.
pub(crate) const COMPOUND: &[Field] = &[must("type", SHORT), must("filters", List(&Open))];
