//! TLS in front of the mock server, and bytes carried both ways.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::spawn;

use rustix::event::{PollFd, PollFlags, poll};
use rustls::{ServerConfig, ServerConnection};

/// Starts it; returns what belongs into `OPENAI_BASE_URL`.
pub(super) fn front(config: Arc<ServerConfig>, backend: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let backend = backend.to_owned();
    spawn(move || {
        for client in listener.incoming() {
            let (client, config) = (client.unwrap(), Arc::clone(&config));
            let backend = TcpStream::connect(&backend).unwrap();
            // Whatever ends one connection is for the client to tell.
            spawn(move || terminate(ServerConnection::new(config).unwrap(), client, backend));
        }
    });
    url
}

/// Carries bytes between a client that speaks TLS and a server that does not.
fn terminate(
    mut session: ServerConnection,
    mut client: TcpStream,
    mut backend: TcpStream,
) -> Option<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        while session.wants_write() {
            session.write_tls(&mut client).ok()?;
        }
        let (from_client, from_backend) = await_either(&client, &backend);
        if from_client {
            let gone = session.read_tls(&mut client).ok()? == 0;
            let state = session.process_new_packets();
            if state.is_err() {
                // The alert that says why.
                let _ = session.write_tls(&mut client);
                return None;
            }
            while let Ok(count) = session.reader().read(&mut buffer) {
                if count == 0 {
                    break;
                }
                backend.write_all(&buffer[..count]).ok()?;
            }
            if gone {
                return None;
            }
        }
        if from_backend {
            let count = backend.read(&mut buffer).ok()?;
            if count == 0 {
                session.send_close_notify();
                let _ = session.write_tls(&mut client);
                return client.shutdown(Shutdown::Write).ok();
            }
            session.writer().write_all(&buffer[..count]).ok()?;
        }
    }
}

/// Carries bytes both ways until both sides have ended.
pub(super) fn splice(one: TcpStream, other: TcpStream) {
    let (from, to) = (one.try_clone().unwrap(), other.try_clone().unwrap());
    let there = spawn(move || carry(from, to));
    carry(other, one);
    // What the one still sends after the other's end goes nowhere, as behind many a proxy.
    let _ = there.join();
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    // Whatever ended it: there is nothing more to carry this way.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Which of the two has something to read.
fn await_either(one: &TcpStream, other: &TcpStream) -> (bool, bool) {
    let mut fds = [
        PollFd::new(one, PollFlags::IN),
        PollFd::new(other, PollFlags::IN),
    ];
    poll(&mut fds, None).unwrap();
    (!fds[0].revents().is_empty(), !fds[1].revents().is_empty())
}
