//! What the API answers when it refuses: a status and the one shape of its error body.

use crate::objects::json::Json;

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
}

impl ApiError {
    /// An `invalid_request_error` without code and param.
    pub(crate) fn new(status: u16, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            kind: "invalid_request_error".to_owned(),
            code: None,
            param: None,
            message: message.into(),
        }
    }

    /// A request that can never succeed as it is.
    pub(crate) fn invalid(code: &str, param: &str, message: impl Into<String>) -> ApiError {
        ApiError::new(400, message).code(code).param(param)
    }

    /// The same error with this code.
    pub(crate) fn code(mut self, code: &str) -> ApiError {
        self.code = Some(code.to_owned());
        self
    }

    /// The same error about this parameter.
    pub(crate) fn param(mut self, param: &str) -> ApiError {
        self.param = Some(param.to_owned());
        self
    }

    /// `{"error":{"message","type","param","code"}}`.
    pub(crate) fn body(&self) -> Json {
        let error = Json::object([
            ("message", self.message.as_str().into()),
            ("type", self.kind.as_str().into()),
            ("param", self.param.clone().into()),
            ("code", self.code.clone().into()),
        ]);
        Json::object([("error", error)])
    }

    /// The API's own error for a status, as a fault asks for it.
    pub(crate) fn standard(status: u16, code: Option<&str>) -> ApiError {
        let by_code = CODES.iter().find(|(name, ..)| Some(*name) == code);
        let by_status = STATUSES.iter().find(|row| row.0 == status);
        let (_, kind, standard, message) = *by_status.unwrap_or(&OTHER);
        let (kind, message) = by_code.map_or((kind, message), |(_, kind, message)| (kind, message));
        ApiError {
            status,
            kind: kind.to_owned(),
            code: code.or(standard).map(str::to_owned),
            param: None,
            message: message.to_owned(),
        }
    }
}

type Row = (u16, &'static str, Option<&'static str>, &'static str);

const OTHER: Row = (
    0,
    "invalid_request_error",
    None,
    "The request could not be carried out.",
);

/// Status, type, code and message of the errors that the API documents.
const STATUSES: &[Row] = &[
    (
        400,
        "invalid_request_error",
        None,
        "Invalid request. Please check your request and try again.",
    ),
    (
        401,
        "invalid_request_error",
        Some("invalid_api_key"),
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    (
        403,
        "invalid_request_error",
        Some("unsupported_country_region_territory"),
        "Country, region, or territory not supported",
    ),
    (404, "invalid_request_error", None, "Not found."),
    (
        408,
        "invalid_request_error",
        Some("timeout"),
        "The request timed out.",
    ),
    (
        409,
        "invalid_request_error",
        Some("conflict"),
        "The resource was updated by another request. Please try again.",
    ),
    (
        413,
        "invalid_request_error",
        None,
        "Maximum content size limit exceeded.",
    ),
    (
        422,
        "invalid_request_error",
        None,
        "Unable to process the request.",
    ),
    (
        429,
        "requests",
        Some("rate_limit_exceeded"),
        "Rate limit reached for requests. Please try again later.",
    ),
    (
        500,
        "server_error",
        Some("server_error"),
        "The server had an error while processing your request. Sorry about that!",
    ),
    (502, "server_error", None, "Bad gateway."),
    (
        503,
        "service_unavailable_error",
        Some("server_is_overloaded"),
        "Our servers are currently overloaded. Please try again later.",
    ),
    (504, "server_error", None, "Gateway timeout."),
];

const QUOTA: &str = "You exceeded your current quota, please check your plan and billing details.";

/// Codes that come with a type of their own, whatever the status.
const CODES: &[(&str, &str, &str)] = &[
    ("insufficient_quota", "insufficient_quota", QUOTA),
    ("credit_balance_exhausted", "insufficient_quota", QUOTA),
    (
        "organization_spend_limit_exceeded",
        "insufficient_quota",
        QUOTA,
    ),
    ("project_spend_limit_exceeded", "insufficient_quota", QUOTA),
    (
        "organization_usage_limit_exceeded",
        "insufficient_quota",
        QUOTA,
    ),
    (
        "slow_down",
        "rate_limit_error",
        "Your traffic increased too quickly. Please slow down.",
    ),
    (
        "context_length_exceeded",
        "invalid_request_error",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ),
];
