//! The Models API: which models there are, and until when.

use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::model;

/// `GET /models`
#[expect(clippy::unnecessary_wraps, reason = "an endpoint like the others")]
pub(crate) fn list(_: &Mock, _: &Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(&Json::object([
        ("object", "list".into()),
        ("data", model::all().into()),
    ])))
}

/// `GET /models/{id}`
pub(crate) fn retrieve(_: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let model = model::find(&call.id).ok_or_else(|| {
        let message = format!("The model '{}' does not exist", call.id);
        ApiError::new(404, message)
            .code("model_not_found")
            .param("model")
    })?;
    Ok(Reply::json(&model))
}
