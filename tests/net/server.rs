//! A server that does what a test says, byte by byte, over plain TCP or TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::spawn;
use std::time::Duration;

use rustix::net::sockopt;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::harness::PATIENCE;

/// The answer to a question.
pub(crate) const ANSWER: &str = r#"{"id":"resp_1","object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"yes"}]}]}"#;
/// The answer to an upload.
pub(crate) const FILE: &str = r#"{"id":"file-1","object":"file","bytes":1,"created_at":1,"expires_at":9999999999,"filename":"a","purpose":"user_data"}"#;
/// The answer to a deletion.
pub(crate) const DELETED: &str = r#"{"id":"file-1","object":"file","deleted":true}"#;
/// What is wrong with a key.
pub(crate) const NO_KEY: &str =
    r#"{"error":{"message":"no such key","type":"invalid_request_error"}}"#;

pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// The server; it lives as long as the test's process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

/// One connection, as the script of a server sees it.
pub(crate) struct Peer {
    stream: BufReader<Box<dyn Stream>>,
    pub(crate) socket: TcpStream,
    heads: Arc<Mutex<Vec<String>>>,
    /// Number of this connection, from 0.
    pub(crate) turn: usize,
}

impl Server {
    /// A server without TLS.
    pub(crate) fn plain(script: impl Fn(Peer) + Send + Sync + 'static) -> Server {
        Server::start("http", script, |socket| Ok(Box::new(socket)))
    }

    /// A server with TLS.
    pub(crate) fn secure(
        config: Arc<ServerConfig>,
        script: impl Fn(Peer) + Send + Sync + 'static,
    ) -> Server {
        Server::start("https", script, move |mut socket| {
            let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
            session.complete_io(&mut socket)?;
            Ok(Box::new(StreamOwned::new(session, socket)))
        })
    }

    fn start(
        scheme: &'static str,
        script: impl Fn(Peer) + Send + Sync + 'static,
        open: impl Fn(TcpStream) -> io::Result<Box<dyn Stream>> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            address: listener.local_addr().unwrap(),
            scheme,
            heads: Arc::default(),
            connections: Arc::default(),
        };
        let (heads, connections) = (Arc::clone(&server.heads), Arc::clone(&server.connections));
        let shared = Arc::new((script, open));
        spawn(move || {
            for (turn, socket) in listener.incoming().enumerate() {
                let socket = socket.unwrap();
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let (heads, shared) = (Arc::clone(&heads), Arc::clone(&shared));
                spawn(move || {
                    let inner = socket.try_clone().unwrap();
                    // A client may leave in the middle of a handshake.
                    let Ok(stream) = (shared.1)(inner) else {
                        return;
                    };
                    (shared.0)(Peer {
                        stream: BufReader::new(stream),
                        socket,
                        heads,
                        turn,
                    });
                });
            }
        });
        server
    }

    /// What belongs into `OPENAI_BASE_URL`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}/v1", self.scheme, self.address)
    }

    /// The heads of all requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The first lines of all requests so far, without the version.
    pub(crate) fn asked(&self) -> Vec<String> {
        let line = |head: &String| head.lines().next().unwrap().replace(" HTTP/1.1", "");
        self.heads().iter().map(line).collect()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Peer {
    /// The head of the next request; `None` when the client has gone.
    pub(crate) fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let count = self.stream.read_line(&mut head).unwrap_or(0);
            if count == 0 {
                return None;
            }
        }
        self.heads.lock().unwrap().push(head.clone());
        Some(head)
    }

    /// The next request, its body taken in whole and thrown away.
    pub(crate) fn request(&mut self) -> Option<String> {
        let head = self.head()?;
        let length = length(&head);
        (self.take(length) == length).then_some(head)
    }

    /// Takes in that many bytes of a body; fewer if the client stops.
    pub(crate) fn take(&mut self, count: u64) -> u64 {
        let mut body = (&mut self.stream).take(count);
        io::copy(&mut body, &mut io::sink()).unwrap_or(0)
    }

    /// The next bytes; fewer at the end.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = (&mut self.stream)
            .take(count as u64)
            .read_to_end(&mut bytes);
        bytes
    }

    /// Adds a line to what was asked.
    pub(crate) fn note(&self, text: &str) {
        self.heads.lock().unwrap().push(text.to_owned());
    }

    /// Takes in everything until the client closes.
    pub(crate) fn drain(&mut self) {
        self.take(u64::MAX);
    }

    /// Sends bytes.
    pub(crate) fn say(&mut self, text: impl AsRef<[u8]>) {
        let stream = self.stream.get_mut();
        // A client that has gone is what some tests are about.
        let _ = stream
            .write_all(text.as_ref())
            .and_then(|()| stream.flush());
    }

    /// Sends an answer with a body of JSON.
    pub(crate) fn answer(&mut self, status: &str, body: &str) {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n");
        self.say(format!("{head}Content-Length: {length}\r\n\r\n{body}"));
    }

    /// Says that nothing more is sent, and goes on listening.
    pub(crate) fn half_close(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Ends the connection by a reset.
    pub(crate) fn reset(self) {
        sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO)).unwrap();
    }
}

/// `Content-Length` of a head.
pub(crate) fn length(head: &str) -> u64 {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    value.map_or(0, |value| value.parse().unwrap())
}

/// Answers every request of a connection well.
pub(crate) fn obliging(mut peer: Peer) {
    while let Some(head) = peer.request() {
        let body = if head.starts_with("DELETE") {
            DELETED
        } else if head.contains("/responses") {
            ANSWER
        } else {
            FILE
        };
        peer.answer("200 OK", body);
    }
}
