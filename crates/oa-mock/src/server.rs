//! Connections and what is asked on them.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::mock::Mock;
use crate::wire::{self, Body};
use crate::{control, exchange};

/// Serves every connection until the process ends.
pub(crate) async fn serve(mock: Arc<Mock>, listener: TcpListener) {
    let mut connection = 0;
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                connection += 1;
                tokio::spawn(converse(Arc::clone(&mock), socket, connection));
            }
            // Out of descriptors: others have to close theirs first.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse(mock: Arc<Mock>, socket: TcpStream, connection: u64) {
    // Without it an event waits for the acknowledgement of the one before.
    let _ = socket.set_nodelay(true);
    let last = AtomicBool::new(false);
    let service = service_fn(|request| answer(Arc::clone(&mock), connection, request, &last));
    let served = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
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
}

async fn answer(
    mock: Arc<Mock>,
    connection: u64,
    request: Request<Incoming>,
    last: &AtomicBool,
) -> io::Result<Response<Body>> {
    let reply = if request.uri().path().starts_with("/mock/") {
        control::answer(&mock, request).await?
    } else {
        exchange::exchange(Arc::clone(&mock), connection, request).await?
    };
    last.store(reply.last, Ordering::SeqCst);
    wire::response(&mock, reply)
}
