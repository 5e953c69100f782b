//! What the API answers when it refuses: a status and the one shape of its error body.

use serde::Deserialize;

use crate::json::Json;

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
    /// Whether a newer API than this server knows may take what was refused.
    pub(crate) newer: bool,
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
            newer: false,
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

    /// The same error about what a newer API may take.
    pub(crate) fn newer(mut self) -> ApiError {
        self.newer = true;
        self
    }

    /// `{"error":{"message","type","param","code"}}`.
    pub(crate) fn body(&self) -> Json {
        let error = Json::object([
            ("message", (&self.message).into()),
            ("type", (&self.kind).into()),
            ("param", self.param.as_ref().into()),
            ("code", self.code.as_ref().into()),
        ]);
        Json::object([("error", error)])
    }

    /// The API's own error for a status, as a fault asks for it. Some codes have a type of their own, whatever the status.
    pub(crate) fn standard(status: u16, code: Option<&str>) -> ApiError {
        let known: Standards =
            serde_json::from_str(include_str!("errors.json")).unwrap_or_default();
        let mut error = ApiError::new(status, "The request could not be carried out.");
        if let Some(row) = known.statuses.into_iter().find(|row| row.0 == status) {
            (error.kind, error.code, error.message) = (row.1, row.2, row.3);
        }
        if let Some(row) = known
            .codes
            .into_iter()
            .find(|row| Some(row.0.as_str()) == code)
        {
            (error.kind, error.message) = (row.1, row.2);
        }
        error.code = code.map(str::to_owned).or(error.code);
        error
    }

    /// There is no file with this id.
    pub(crate) fn no_file(id: &str, param: &str) -> ApiError {
        ApiError::new(404, format!("No such File object: {id}")).param(param)
    }

    /// A vector store is no more than its object.
    pub(crate) fn expired_store(id: &str) -> ApiError {
        ApiError::new(400, format!("Vector store '{id}' has expired."))
    }
}

/// The errors that the API documents: status, type, code, message; and code, type, message.
#[derive(Default, Deserialize)]
struct Standards {
    statuses: Vec<(u16, String, Option<String>, String)>,
    codes: Vec<(String, String, String)>,
}
