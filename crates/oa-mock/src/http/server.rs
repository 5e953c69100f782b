//! Connections, only so many and none that dawdles, and what is asked on them.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::http::reply::{Content, Reply};
use crate::http::transport::{self, Body};
use crate::http::{control, exchange};
use crate::log;
use crate::mock::Mock;

/// Connections at a time; more of them wait until one ends.
const MOST: usize = 500;
/// Bytes of a request line and its headers.
const LONGEST_HEAD: usize = 64 << 10;
/// Headers of a request.
const MOST_HEADERS: usize = 100;
/// Time for a request line and its headers; also that of a connection on which nothing is asked.
const HEAD_TIME: Duration = Duration::from_secs(75);

/// A connection, as what is asked on it sees it.
#[derive(Clone, Copy)]
struct Link {
    number: u64,
    /// The address of this machine at which it arrived.
    here: IpAddr,
}

/// Serves every connection until the process ends.
pub(crate) async fn serve(mock: Arc<Mock>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(MOST));
    let mut number = 0;
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((socket, _)) => {
                number += 1;
                let mock = Arc::clone(&mock);
                tokio::spawn(async move {
                    converse(mock, socket, number).await;
                    drop(place);
                });
            }
            // Out of descriptors: others have to close theirs first.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse(mock: Arc<Mock>, socket: TcpStream, number: u64) {
    // Without it an event waits for the acknowledgement of the one before.
    let _ = socket.set_nodelay(true);
    let Ok(here) = socket.local_addr().map(|address| address.ip()) else {
        return;
    };
    let link = Link { number, here };
    let last = AtomicBool::new(false);
    let service = service_fn(|request| answer(Arc::clone(&mock), link, request, &last));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(socket), service);
    let mut served = pin!(served);
    // An error is a client that went away, or a cut that was asked for.
    let _ = poll_fn(|context| {
        let over = served.as_mut().poll(context);
        if over.is_ready() || !last.load(Ordering::SeqCst) {
            return over;
        }
        // The head of the last answer is written, so that this is not announced any more.
        served.as_mut().graceful_shutdown();
        served.as_mut().poll(context)
    })
    .await;
    if mock.stops.load(Ordering::SeqCst) {
        mock.stopped.notify_one();
    }
}

async fn answer(
    mock: Arc<Mock>,
    link: Link,
    request: Request<Incoming>,
    last: &AtomicBool,
) -> io::Result<Response<Body>> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    if let Err(why) = mock.settings.guard.admit(&head, link.here) {
        log::request(&mock, &head, 403, started.elapsed());
        let content = Content::Bytes((why + "\n").into());
        let refusal = Reply::new(403, "text/plain; charset=utf-8", content);
        return transport::response(&mock, refusal.header("connection", "close"));
    }
    let request = Request::from_parts(head, body);
    let reply = if request.uri().path().starts_with("/mock/") {
        control::answer(&mock, request).await?
    } else {
        exchange::exchange(Arc::clone(&mock), link.number, request).await?
    };
    last.store(reply.last, Ordering::SeqCst);
    transport::response(&mock, reply)
}
