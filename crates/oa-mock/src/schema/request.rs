//! What a request may hold: the API's closed objects as tables.

use crate::schema::check::Kind::{
    self, Any, Closed, Decimal, Either, Few, Flag, Id, Integer, List, Metadata, Open, Text,
    Variants, Word,
};
use crate::schema::check::{Field, must, null, older, opt};
use crate::schema::limit::{LONG, SHORT};
use crate::schema::store::FILE_SEARCH;

const BREAKPOINT: Kind = Closed(&[must("mode", Word("explicit"))]);

const INPUT_TEXT: &[Field] = &[
    must("type", SHORT),
    must("text", LONG),
    null("prompt_cache_breakpoint", BREAKPOINT),
];
const INPUT_IMAGE: &[Field] = &[
    must("type", SHORT),
    null("image_url", Text(20_971_520)),
    null("file_id", Id),
    older("image_file_id", Id),
    null("detail", Word("low high auto original")),
    null("prompt_cache_breakpoint", BREAKPOINT),
];
const INPUT_FILE: &[Field] = &[
    must("type", SHORT),
    null("file_id", Id),
    null("file_data", Text(73_400_320)),
    null("file_url", SHORT),
    null("filename", SHORT),
    null("detail", Word("auto low high")),
    null("prompt_cache_breakpoint", BREAKPOINT),
];

/// The content parts of messages; of answers fed back only the type is looked at.
pub(crate) const PARTS: Kind = List(&Variants(
    "",
    &[
        ("input_text", Some(INPUT_TEXT)),
        ("input_image", Some(INPUT_IMAGE)),
        ("output_text refusal", None),
        ("input_file", Some(INPUT_FILE)),
        ("computer_screenshot summary_text", None),
    ],
));

const MESSAGE: &[Field] = &[
    opt("id", SHORT),
    opt("type", SHORT),
    must("role", Word("assistant system developer user")),
    must(
        "content",
        Either("an array of objects or string", &[LONG, PARTS]),
    ),
    null("phase", Word("commentary final_answer")),
    STATUS,
];

const STATUS: Field = null("status", Word("in_progress completed incomplete"));
const FUNCTION_CALL: &[Field] = &[
    must("type", SHORT),
    must("call_id", Text(64)),
    must("name", SHORT),
    must("arguments", LONG),
    null("id", SHORT),
    null("caller", Open),
    null("namespace", SHORT),
    STATUS,
];
const FUNCTION_OUTPUT: &[Field] = &[
    must("type", SHORT),
    null("call_id", Text(64)),
    must(
        "output",
        Either("a string or array of objects", &[LONG, PARTS]),
    ),
    null("id", SHORT),
    null("caller", Open),
    null("name", Text(128)),
    null("namespace", Text(64)),
    STATUS,
];

const ITEMS: Kind = List(&Variants(
    "message",
    &[
        ("message", Some(MESSAGE)),
        (
            "item_reference",
            Some(&[must("type", SHORT), must("id", SHORT)]),
        ),
        ("function_call", Some(FUNCTION_CALL)),
        ("function_call_output", Some(FUNCTION_OUTPUT)),
        (
            "\
                file_search_call computer_call computer_call_output web_search_call \
                tool_search_call tool_search_output additional_tools reasoning compaction compaction_trigger \
                configuration_update image_generation_call code_interpreter_call local_shell_call \
                local_shell_call_output shell_call shell_call_output apply_patch_call \
                apply_patch_call_output mcp_list_tools mcp_approval_request mcp_approval_response mcp_call \
                custom_tool_call custom_tool_call_output program program_output",
            None,
        ),
    ],
));

const FUNCTION: &[Field] = &[
    must("type", SHORT),
    must("name", Text(64)),
    null("description", SHORT),
    null("parameters", Open),
    null("strict", Flag),
    null("output_schema", Open),
    null("allowed_callers", Any),
    opt("defer_loading", Flag),
];
const TOOLS: Kind = List(&Variants(
    "",
    &[
        ("function", Some(FUNCTION)),
        ("file_search", Some(FILE_SEARCH)),
        (
            "\
                web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11 computer \
                computer_use_preview mcp code_interpreter programmatic_tool_calling image_generation \
                local_shell shell custom namespace tool_search apply_patch",
            None,
        ),
    ],
));

const JSON_SCHEMA: &[Field] = &[
    must("type", SHORT),
    must("name", Text(64)),
    must("schema", Open),
    null("strict", Flag),
    opt("description", SHORT),
];
const FORMAT: Kind = Variants(
    "",
    &[
        ("text", Some(&[must("type", SHORT)])),
        ("json_schema", Some(JSON_SCHEMA)),
        ("json_object", Some(&[must("type", SHORT)])),
    ],
);
const TEXT: Kind = Closed(&[
    null("format", FORMAT),
    null("verbosity", Word("low medium high")),
]);

const REASONING: Kind = Closed(&[
    null("mode", Word("standard pro")),
    null("effort", Word("none minimal low medium high xhigh max")),
    null("summary", Word("auto concise detailed")),
    null("context", Word("auto current_turn all_turns")),
    null("generate_summary", Word("auto concise detailed")),
]);

/// What an answer may hold on request.
pub(crate) const INCLUDES: &str = "\
    file_search_call.results web_search_call.results web_search_call.action.sources \
    message.input_image.image_url computer_call_output.output.image_url \
    code_interpreter_call.outputs reasoning.encrypted_content message.output_text.logprobs";
const INCLUDE: Kind = List(&Word(INCLUDES));

const INPUT: Kind = Either("a string or array of input items", &[LONG, ITEMS]);
const CONVERSATION: Kind = Either("a string or object", &[SHORT, Closed(&[must("id", SHORT)])]);
/// A choice that says no more than the type of a tool.
const HOSTED: Option<&[Field]> = Some(&[must("type", SHORT)]);
const NAMED: Option<&[Field]> = Some(&[must("type", SHORT), must("name", SHORT)]);
const CHOICES: Kind = Variants(
    "",
    &[
        (
            "allowed_tools",
            Some(&[
                must("type", SHORT),
                must("mode", Word("auto required")),
                must("tools", List(&Open)),
            ]),
        ),
        ("function custom", NAMED),
        (
            "mcp",
            Some(&[
                must("type", SHORT),
                must("server_label", SHORT),
                null("name", SHORT),
            ]),
        ),
        (
            "\
                file_search web_search web_search_2025_08_26 web_search_preview \
                web_search_preview_2025_03_11 computer computer_use_preview computer_use image_generation \
                code_interpreter programmatic_tool_calling apply_patch shell",
            HOSTED,
        ),
    ],
);
const TOOL_CHOICE: Kind = Either(
    "an object or 'none', 'auto', or 'required'",
    &[Word("none auto required"), CHOICES],
);
const TRUNCATION: Kind = Word("auto disabled");

/// The body of `POST /responses`.
pub(crate) const RESPONSE: &[Field] = &[
    must("model", SHORT),
    null("input", INPUT),
    null("instructions", LONG),
    null("previous_response_id", SHORT),
    null("conversation", CONVERSATION),
    null("background", Flag),
    null(
        "background_options",
        Closed(&[null("completion_window", Word("soonest 2h 8h"))]),
    ),
    null("store", Flag),
    null("stream", Flag),
    null(
        "stream_options",
        Closed(&[opt("include_obfuscation", Flag)]),
    ),
    null("include", INCLUDE),
    null("metadata", Metadata),
    null("temperature", Decimal(0.0, 2.0)),
    null("top_p", Decimal(0.0, 1.0)),
    null("top_logprobs", Integer(0, 20)),
    null("max_output_tokens", Integer(16, i64::MAX)),
    null("max_tool_calls", Integer(1, i64::MAX)),
    null("parallel_tool_calls", Flag),
    null("tools", TOOLS),
    null("tool_choice", TOOL_CHOICE),
    null("text", TEXT),
    null("reasoning", REASONING),
    null(
        "service_tier",
        Word("auto default flex scale priority fast ultrafast"),
    ),
    null("truncation", TRUNCATION),
    null(
        "context_management",
        Few(
            1,
            usize::MAX,
            &Closed(&[
                must("type", Word("compaction")),
                null("compact_threshold", Integer(1000, i64::MAX)),
            ]),
        ),
    ),
    null(
        "moderation",
        Closed(&[must("model", SHORT), null("policy", Open)]),
    ),
    null(
        "prompt",
        Closed(&[
            must("id", SHORT),
            null("version", SHORT),
            null("variables", Open),
        ]),
    ),
    null("prompt_cache_key", SHORT),
    null(
        "prompt_cache_options",
        Closed(&[
            opt("mode", Word("implicit explicit")),
            opt("ttl", Word("30m 12h")),
            null("prewarm", Any),
            null("comparison_response_id", SHORT),
        ]),
    ),
    null("prompt_cache_retention", Word("in_memory 24h")),
    null("safety_identifier", Text(128)),
    null("user", SHORT),
    null("access_programs", Open),
    null("image", Closed(&[null("context_compression", Any)])),
];

/// The body of `POST /responses/input_tokens`.
pub(crate) const INPUT_TOKENS: &[Field] = &[
    null("model", SHORT),
    null("input", INPUT),
    null("instructions", LONG),
    null("previous_response_id", SHORT),
    null("conversation", CONVERSATION),
    null("parallel_tool_calls", Flag),
    null("tools", TOOLS),
    null("tool_choice", TOOL_CHOICE),
    null("text", TEXT),
    null("reasoning", REASONING),
    null("truncation", TRUNCATION),
    null("personality", Text(64)),
];
