//! One request: its key, the rule that hits it, its body, the work, the answer.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use tokio::time::sleep;

use crate::faults::action::Action;
use crate::faults::keys::Keys;
use crate::faults::spoil;
use crate::http::call::{self, Call, Received};
use crate::http::ledger::Shown;
use crate::http::reply::Reply;
use crate::http::{body, route};
use crate::log;
use crate::mock::Mock;
use crate::objects::error::ApiError;

/// Answers a request; an error closes the connection without an answer.
pub(crate) async fn exchange(
    mock: Arc<Mock>,
    connection: u64,
    request: Request<Incoming>,
) -> io::Result<Reply> {
    let started = Instant::now();
    let (head, incoming) = request.into_parts();
    if let Err(error) = mock.settings.guard.authorize(&head.headers) {
        // Taken and thrown away: who still writes may not read an answer that comes before the end.
        body::drain(incoming).await?;
        log::request(&mock, &head, 401, started.elapsed());
        return Ok(dress(&mock, error.into(), started.elapsed()));
    }
    let path = head.uri.path();
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let rule = mock.rules().hit(head.method.as_str(), path);
    let (text, action) = rule.map(|rule| (rule.text, rule.action)).unzip();
    let place = mock.ledger().open(&head, connection, text);
    let reply = answer(&mock, &head, incoming, place, action).await;
    let whole = reply.as_ref().ok().filter(|reply| !reply.is_broken());
    let status = whole.map_or(0, |reply| reply.status);
    mock.ledger().close(place, status);
    log::request(&mock, &head, status, started.elapsed());
    reply.map(|reply| dress(&mock, reply, started.elapsed()))
}

async fn answer(
    mock: &Arc<Mock>,
    head: &Parts,
    incoming: Incoming,
    place: usize,
    action: Option<Action>,
) -> io::Result<Reply> {
    if let Some(action) = &action {
        if action.is("cut", "before") {
            return Err(cut());
        }
        if action.is("stall", "before") || action.is("stall", "body") {
            released(mock).await;
        }
        if action.is("cut", "body") {
            return first_bytes(mock, incoming, place).await;
        }
        if let Some(status) = action.early() {
            return Ok(spoil::early(status, &action.keys));
        }
    }
    let arrived = body::read(&head.headers, incoming).await;
    mock.ledger().length(place, arrived.length);
    let received = arrived.outcome?;
    if !mock.settings.delay.is_zero() {
        sleep(mock.settings.delay).await;
    }
    let reply = work(mock, head, received, place, action.as_ref()).await?;
    if let Some(action) = action {
        let ms = action.keys.number("ms").unwrap_or_default();
        sleep(Duration::from_millis(ms)).await;
        if action.is("stall", "work") {
            std::future::pending::<()>().await;
        }
        if action.is("cut", "work") {
            return Err(cut());
        }
    }
    Ok(reply)
}

/// Off the event loop: megabytes of JSON and base64 are read here.
async fn work(
    mock: &Arc<Mock>,
    head: &Parts,
    received: Result<Received, ApiError>,
    place: usize,
    action: Option<&Action>,
) -> io::Result<Reply> {
    let (mock, head, action) = (Arc::clone(mock), head.clone(), action.cloned());
    let task = tokio::task::spawn_blocking(move || {
        if let Ok(received) = &received {
            let shown = Shown::of(received);
            mock.ledger().show(place, shown);
        }
        spoil::around(action.as_ref(), |end| {
            endpoint(&mock, &head, received, end).unwrap_or_else(Reply::from)
        })
    });
    let reply = task.await.map_err(io::Error::other)?;
    sleep(reply.takes).await;
    Ok(reply)
}

fn endpoint(
    mock: &Mock,
    head: &Parts,
    received: Result<Received, ApiError>,
    end: Keys,
) -> Result<Reply, ApiError> {
    let (endpoint, [id, part]) = route::find(head.method.as_str(), head.uri.path())?;
    let query = call::pairs(head.uri.query().unwrap_or_default());
    let call = Call {
        id: call::decoded(id),
        part: call::decoded(part),
        query,
        received: received?,
        end,
    };
    endpoint(mock, &call).inspect_err(|error| log::newer(mock, error))
}

/// Reads some of the body and closes in the middle of it.
async fn first_bytes(mock: &Mock, mut incoming: Incoming, place: usize) -> io::Result<Reply> {
    if let Some(Ok(frame)) = incoming.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        mock.ledger().length(place, bytes as u64);
    }
    Err(cut())
}

/// Reads nothing more until all rules are removed: what does not fit on the way waits at the client.
async fn released(mock: &Mock) {
    while !mock.rules().0.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
}

fn cut() -> io::Error {
    io::Error::other("cut on demand")
}

/// The headers that every answer of the API carries; what the answer has of its own counts more.
fn dress(mock: &Mock, mut reply: Reply, took: Duration) -> Reply {
    let own = std::mem::take(&mut reply.headers);
    let mut reply = reply
        .header("x-request-id", &mock.ids.hex("req_", 32))
        .header("openai-processing-ms", &took.as_millis().to_string())
        .header("openai-version", "2020-10-01");
    reply.headers.extend(own);
    reply
}
