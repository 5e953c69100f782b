//! What a request may hold: the API's closed objects as tables.

pub(crate) mod store;

use crate::check::Kind::{
    self, Any, Closed, Decimal, Either, Flag, Id, Integer, List, Metadata, Open, Text, Variants,
    Word,
};
use crate::check::{Field, must, null, older, opt};

const LONG: Kind = Text(10_485_760);
const SHORT: Kind = Text(usize::MAX);
const CACHE: &[Field] = &[
    opt("mode", Word(&["implicit", "explicit"])),
    opt("ttl", SHORT),
];

const INPUT_TEXT: &[Field] = &[
    must("type", SHORT),
    must("text", LONG),
    null("prompt_cache_breakpoint", Closed(CACHE)),
];
const INPUT_IMAGE: &[Field] = &[
    must("type", SHORT),
    null("image_url", Text(20_971_520)),
    null("file_id", Id),
    older("image_file_id", Id),
    null("detail", Word(&["low", "high", "auto", "original"])),
    null("prompt_cache_breakpoint", Closed(CACHE)),
];
const INPUT_FILE: &[Field] = &[
    must("type", SHORT),
    null("file_id", Id),
    null("file_data", Text(73_400_320)),
    null("file_url", SHORT),
    null("filename", SHORT),
    null("detail", Word(&["auto", "low", "high"])),
    null("prompt_cache_breakpoint", Closed(CACHE)),
];

/// The content parts of messages; of answers fed back only the type is looked at.
pub(crate) const PARTS: Kind = List(&Variants(
    "",
    &[
        ("input_text", Some(INPUT_TEXT)),
        ("input_image", Some(INPUT_IMAGE)),
        ("output_text", None),
        ("refusal", None),
        ("input_file", Some(INPUT_FILE)),
        ("computer_screenshot", None),
        ("summary_text", None),
    ],
));

const MESSAGE: &[Field] = &[
    opt("id", SHORT),
    opt("type", SHORT),
    must("role", Word(&["assistant", "system", "developer", "user"])),
    must(
        "content",
        Either("an array of objects or string", &[LONG, PARTS]),
    ),
    null("phase", Word(&["commentary", "final_answer"])),
    null("status", Word(&["in_progress", "completed", "incomplete"])),
];

const ITEMS: Kind = List(&Variants(
    "message",
    &[
        ("message", Some(MESSAGE)),
        (
            "item_reference",
            Some(&[must("type", SHORT), must("id", SHORT)]),
        ),
        ("file_search_call", None),
        ("computer_call", None),
        ("computer_call_output", None),
        ("web_search_call", None),
        ("function_call", None),
        ("function_call_output", None),
        ("tool_search_call", None),
        ("tool_search_output", None),
        ("additional_tools", None),
        ("reasoning", None),
        ("compaction", None),
        ("compaction_trigger", None),
        ("configuration_update", None),
        ("image_generation_call", None),
        ("code_interpreter_call", None),
        ("local_shell_call", None),
        ("local_shell_call_output", None),
        ("shell_call", None),
        ("shell_call_output", None),
        ("apply_patch_call", None),
        ("apply_patch_call_output", None),
        ("mcp_list_tools", None),
        ("mcp_approval_request", None),
        ("mcp_approval_response", None),
        ("mcp_call", None),
        ("custom_tool_call", None),
        ("custom_tool_call_output", None),
        ("program", None),
        ("program_output", None),
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
        ("file_search", Some(store::FILE_SEARCH)),
        ("web_search", None),
        ("web_search_2025_08_26", None),
        ("web_search_preview", None),
        ("web_search_preview_2025_03_11", None),
        ("computer", None),
        ("computer_use_preview", None),
        ("mcp", None),
        ("code_interpreter", None),
        ("programmatic_tool_calling", None),
        ("image_generation", None),
        ("local_shell", None),
        ("shell", None),
        ("custom", None),
        ("namespace", None),
        ("tool_search", None),
        ("apply_patch", None),
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
    null("verbosity", Word(&["low", "medium", "high"])),
]);

const REASONING: Kind = Closed(&[
    null("mode", Word(&["standard", "pro"])),
    null(
        "effort",
        Word(&["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    ),
    null("summary", Word(&["auto", "concise", "detailed"])),
    null("context", Word(&["auto", "current_turn", "all_turns"])),
    null("generate_summary", Word(&["auto", "concise", "detailed"])),
]);

/// What an answer may hold on request.
pub(crate) const INCLUDES: &[&str] = &[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
];
const INCLUDE: Kind = List(&Word(INCLUDES));

const INPUT: Kind = Either("a string or array of input items", &[LONG, ITEMS]);
const CONVERSATION: Kind = Either("a string or object", &[SHORT, Closed(&[must("id", SHORT)])]);
const TOOL_CHOICE: Kind = Either(
    "a string or object",
    &[Word(&["none", "auto", "required"]), Open],
);
const TRUNCATION: Kind = Word(&["auto", "disabled"]);

/// The body of `POST /responses`.
pub(crate) const RESPONSE: &[Field] = &[
    must("model", SHORT),
    null("input", INPUT),
    null("instructions", LONG),
    null("previous_response_id", SHORT),
    null("conversation", CONVERSATION),
    null("background", Flag),
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
        Word(&[
            "auto",
            "default",
            "flex",
            "scale",
            "priority",
            "fast",
            "ultrafast",
        ]),
    ),
    null("truncation", TRUNCATION),
    null("context_management", Any),
    null("moderation", Open),
    null(
        "prompt",
        Closed(&[
            must("id", SHORT),
            null("version", SHORT),
            null("variables", Open),
        ]),
    ),
    null("prompt_cache_key", SHORT),
    null("prompt_cache_options", Closed(CACHE)),
    null(
        "prompt_cache_retention",
        Word(&["in_memory", "in-memory", "24h"]),
    ),
    null("safety_identifier", Text(64)),
    null("user", SHORT),
    null("access_programs", Open),
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
    null("personality", SHORT),
];
