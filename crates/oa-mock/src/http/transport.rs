//! Puts an answer on the connection: whole, in pieces, or broken off.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{Either, Full};
use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};
use tokio::time::sleep;

use crate::http::reply::{Content, Reply};
use crate::mock::Mock;
use crate::objects::stream::Play;

/// The body of an answer.
pub(crate) type Body = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// Between two events, so that each is written by itself.
const PAUSE: Duration = Duration::from_millis(1);

/// What is written before a cut has to be on its way when the connection closes.
const BEFORE_CUT: Duration = Duration::from_millis(20);

const CHUNK: u64 = 64 * 1024;

/// Makes the answer that hyper sends.
pub(crate) fn response(mock: &Arc<Mock>, reply: Reply) -> io::Result<Response<Body>> {
    let mut length = None;
    let body = match reply.content {
        Content::Bytes(bytes) => Either::Left(Full::new(bytes)),
        Content::Broken {
            bytes,
            promised,
            silent,
        } => {
            length = promised;
            Either::Right(spawn(move |sender| unfinished(bytes, silent, sender)))
        }
        Content::Huge(bytes) => {
            length = Some(bytes);
            Either::Right(spawn(move |sender| huge(bytes, sender)))
        }
        Content::Events(play) => {
            let mock = Arc::clone(mock);
            Either::Right(spawn(move |sender| events(mock, play, sender)))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status.try_into().map_err(io::Error::other)?;
    for (name, value) in &reply.headers {
        let name: HeaderName = name.parse().map_err(io::Error::other)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(io::Error::other)?;
        response.headers_mut().insert(name, value);
    }
    if let Some(length) = length {
        response
            .headers_mut()
            .insert("content-length", length.into());
    }
    Ok(response)
}

/// A body that a task fills; the task ends early when the client is gone.
fn spawn<F>(fill: impl FnOnce(Sender<Bytes, io::Error>) -> F) -> Channel<Bytes, io::Error>
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let (sender, body) = Channel::new(1);
    tokio::spawn(fill(sender));
    body
}

fn broken(sender: Sender<Bytes, io::Error>) -> Option<()> {
    sender.abort(io::Error::other("cut on demand"));
    None
}

async fn unfinished(
    bytes: Bytes,
    silent: bool,
    mut sender: Sender<Bytes, io::Error>,
) -> Option<()> {
    sender.send_data(bytes).await.ok()?;
    if silent {
        std::future::pending::<()>().await;
    }
    sleep(BEFORE_CUT).await;
    broken(sender)
}

/// A JSON string of so many bytes.
async fn huge(bytes: u64, mut sender: Sender<Bytes, io::Error>) -> Option<()> {
    let chunk = Bytes::from(vec![b'x'; usize::try_from(CHUNK).ok()?]);
    sender.send_data(Bytes::from_static(b"\"")).await.ok()?;
    let mut left = bytes.saturating_sub(2);
    while left > 0 {
        let now = left.min(CHUNK);
        sender
            .send_data(chunk.slice(..usize::try_from(now).ok()?))
            .await
            .ok()?;
        left -= now;
    }
    sender.send_data(Bytes::from_static(b"\"")).await.ok()
}

async fn events(mock: Arc<Mock>, play: Play, mut sender: Sender<Bytes, io::Error>) -> Option<()> {
    for n in 0..play.events.len() {
        if play.cut == Some(n) {
            if play.silent {
                std::future::pending::<()>().await;
            }
            sleep(BEFORE_CUT).await;
            return broken(sender);
        }
        sender.send_data(play.write(n).into()).await.ok()?;
        sleep(PAUSE).await;
    }
    if play.open {
        std::future::pending::<()>().await;
    }
    if play.cut.is_some() {
        return broken(sender);
    }
    if let Some(id) = &play.settles
        && let Some(response) = mock.store().response(id)
    {
        response.settle();
    }
    Some(())
}
