//! A server without a command: it says where it is, and serves until it is enough.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::daemon;
use crate::mock::Mock;
use crate::shell::quoted;

/// One beside a shell ends after so long without a request.
const IDLE: Duration = Duration::from_secs(3600);

/// Says where the server is and waits for the end: a signal, a word, or so long without a request.
pub(crate) async fn serve(
    mock: &Mock,
    url: &str,
    key: &str,
    idle: Option<Duration>,
    detached: bool,
) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut out = io::stdout();
    let (url, key) = (quoted(url), quoted(key));
    writeln!(
        out,
        "export OPENAI_BASE_URL={url}\nexport OPENAI_API_KEY={key}"
    )?;
    out.flush()?;
    if detached {
        daemon::fall_silent()?;
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = mock.stopped.notified() => {}
        () = quiet(mock, idle.or(detached.then_some(IDLE))) => {}
    }
    Ok(())
}

/// Ends when nothing was asked for so long; never without such a time.
async fn quiet(mock: &Mock, idle: Option<Duration>) {
    let Some(idle) = idle else {
        return std::future::pending().await;
    };
    let (mut asked, mut since) = (0, Instant::now());
    while since.elapsed() < idle {
        sleep(idle / 20).await;
        let count = mock.ledger().count();
        if count != asked {
            (asked, since) = (count, Instant::now());
        }
    }
}
