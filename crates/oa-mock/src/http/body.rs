//! Reads the body of a request whole, a form while it arrives.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyDataStream, BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use multer::{Constraints, Multipart, SizeLimit};

use crate::http::call::Received;
use crate::objects::error::ApiError;

/// A JSON body may be as large as 70 MiB of base64 and some words.
const LARGEST: usize = 128 << 20;

/// A form holds one file of 512 MiB, and some words.
const LARGEST_FORM: u64 = (512 << 20) + (1 << 20);

/// A control is a few rules.
const LARGEST_CONTROL: usize = 1 << 20;

/// What came of reading a body.
pub(crate) struct Arrived {
    /// Bytes that came.
    pub(crate) length: u64,
    /// The body, or what is wrong with it; an I/O error if the client went away.
    pub(crate) outcome: io::Result<Result<Received, ApiError>>,
}

/// Reads a body.
pub(crate) async fn read(headers: &HeaderMap, body: Incoming) -> Arrived {
    let length = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&length);
    let body = body.map_frame(move |frame| {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        count.fetch_add(bytes as u64, Ordering::Relaxed);
        frame
    });
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let outcome = match multer::parse_boundary(&content_type) {
        Ok(boundary) => {
            let limits = SizeLimit::new().whole_stream(LARGEST_FORM);
            let limits = Constraints::new().size_limit(limits);
            let stream = BodyDataStream::new(body);
            form(Multipart::with_constraints(stream, boundary, limits)).await
        }
        Err(_) => whole(body, content_type).await,
    };
    Arrived {
        length: length.load(Ordering::Relaxed),
        outcome,
    }
}

/// Takes a body that nobody wants.
pub(crate) async fn drain(mut body: Incoming) -> io::Result<()> {
    while let Some(frame) = body.frame().await {
        frame.map_err(io::Error::other)?;
    }
    Ok(())
}

/// The text of a control; `None` if it is too long, or none.
pub(crate) async fn control(body: Incoming) -> Option<String> {
    let body = Limited::new(body, LARGEST_CONTROL).collect().await.ok()?;
    String::from_utf8(body.to_bytes().into()).ok()
}

async fn form(form: Multipart<'_>) -> io::Result<Result<Received, ApiError>> {
    match crate::http::form::read(form).await {
        Ok(parts) => Ok(Ok(Received::Form(parts))),
        Err(multer::Error::StreamSizeExceeded { .. }) => Ok(Err(too_large(LARGEST_FORM))),
        Err(multer::Error::StreamReadFailed(error)) => Err(io::Error::other(error)),
        Err(error) => {
            let message = format!("Could not parse multipart form: {error}");
            Ok(Err(ApiError::new(400, message)))
        }
    }
}

async fn whole<B>(mut body: B, content_type: String) -> io::Result<Result<Received, ApiError>>
where
    B: hyper::body::Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(io::Error::other)?;
        bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if bytes.len() > LARGEST {
            return Ok(Err(too_large(LARGEST as u64)));
        }
    }
    Ok(Ok(Received::Bytes {
        content_type,
        bytes: bytes.freeze(),
        at: Instant::now(),
    }))
}

fn too_large(limit: u64) -> ApiError {
    let message = format!("Maximum content size limit ({limit}) exceeded");
    ApiError::new(413, message)
}
