//! A server that costs next to nothing: it swallows bodies and answers with small objects, also over TLS.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use rustix::net::{RecvFlags, recv};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Bodies up to this size are looked at, because they say what is wanted.
const SMALL: usize = 1 << 20;
/// Events of a stream, and the time between them.
const EVENTS: usize = 100;
const PAUSE: Duration = Duration::from_millis(5);

/// What all connections share.
struct Sink {
    latency: Duration,
    /// How long a background response runs.
    runs: Duration,
    count: AtomicU64,
    looks: AtomicU64,
    connections: AtomicU64,
    begun: Mutex<HashMap<String, Instant>>,
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
}

/// Serves on two ports, which it prints, until it is killed; the certificate is put into the folder.
pub(crate) fn serve(folder: &Path, latency_ms: u64, runs_ms: u64) -> anyhow::Result<ExitCode> {
    let sink = Arc::new(Sink {
        latency: Duration::from_millis(latency_ms),
        runs: Duration::from_millis(runs_ms),
        count: AtomicU64::new(0),
        looks: AtomicU64::new(0),
        connections: AtomicU64::new(0),
        begun: Mutex::default(),
    });
    let config = Arc::new(tls(folder)?);
    let plain = TcpListener::bind("127.0.0.1:0")?;
    let secure = TcpListener::bind("127.0.0.1:0")?;
    let ports = format!(
        "{} {}\n",
        plain.local_addr()?.port(),
        secure.local_addr()?.port()
    );
    let also = Arc::clone(&sink);
    thread::spawn(move || {
        for socket in secure.incoming().flatten() {
            let (sink, config) = (Arc::clone(&also), Arc::clone(&config));
            thread::spawn(move || {
                let _ = socket.set_nodelay(true);
                if let Ok(tls) = ServerConnection::new(config) {
                    sink.talk(StreamOwned::new(tls, socket));
                }
            });
        }
    });
    io::stdout().write_all(ports.as_bytes())?;
    io::stdout().flush()?;
    for socket in plain.incoming().flatten() {
        let sink = Arc::clone(&sink);
        thread::spawn(move || {
            let _ = socket.set_nodelay(true);
            sink.talk(socket);
        });
    }
    Ok(ExitCode::SUCCESS)
}

fn tls(folder: &Path) -> anyhow::Result<ServerConfig> {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)?;
    std::fs::write(folder.join("ca.pem"), made.cert.pem())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
    let key = key
        .map_err(anyhow::Error::msg)
        .context("the server's key")?;
    let chain: Vec<CertificateDer<'static>> = vec![made.cert.der().clone()];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_no_client_auth().with_single_cert(chain, key)?)
}

impl Sink {
    fn talk(&self, stream: impl Peer) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let mut stream = BufReader::with_capacity(256 << 10, stream);
        // A peer that goes away ends the conversation; there is nobody to tell.
        while let Ok(Some(request)) = read(&mut stream) {
            thread::sleep(self.latency);
            if self.answer(&request, stream.get_mut()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request, out: &mut impl Write) -> io::Result<()> {
        let body = String::from_utf8_lossy(&request.body);
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let id = request
            .path
            .split(['/', '?'])
            .next_back()
            .unwrap_or_default()
            .to_owned();
        let json = match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/v1/files") => format!(
                r#"{{"id":"file-{number}","object":"file","bytes":1,"created_at":1,"expires_at":4000000000,"filename":"a.pdf","purpose":"user_data","status":"processed"}}"#
            ),
            ("POST", "/v1/responses") if body.contains(r#""stream":true"#) => return stream(out),
            ("POST", "/v1/responses") if body.contains(r#""background":true"#) => {
                let id = format!("resp_{number}");
                self.begun().insert(id.clone(), Instant::now());
                // Never final at once: who asks in the background has to look.
                response(&id, "queued")
            }
            ("POST", "/v1/responses") => response(&format!("resp_{number}"), "completed"),
            ("POST", path) if path.ends_with("/cancel") => {
                let id = path.trim_end_matches("/cancel").rsplit('/').next();
                response(id.unwrap_or_default(), "cancelled")
            }
            ("GET", "/stats") => format!(
                r#"{{"looks":{},"connections":{},"requests":{number}}}"#,
                self.looks.swap(0, Ordering::SeqCst),
                self.connections.swap(0, Ordering::SeqCst),
            ),
            ("GET", path) if path.starts_with("/v1/responses/") => {
                self.looks.fetch_add(1, Ordering::SeqCst);
                response(&id, self.status(&id))
            }
            ("DELETE", _) => format!(r#"{{"id":"{id}","object":"file","deleted":true}}"#),
            _ => r#"{"object":"list","data":[],"has_more":false}"#.to_owned(),
        };
        let length = json.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        out.write_all(format!("{head}{json}").as_bytes())?;
        out.flush()
    }

    fn status(&self, id: &str) -> &'static str {
        let mut begun = self.begun();
        let since = begun.entry(id.to_owned()).or_insert_with(Instant::now);
        if since.elapsed() >= self.runs {
            "completed"
        } else {
            "in_progress"
        }
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn response(id: &str, status: &str) -> String {
    let output = match status {
        "completed" => {
            r#"[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Well.","annotations":[]}]}]"#
        }
        _ => "[]",
    };
    format!(
        r#"{{"id":"{id}","object":"response","created_at":1,"status":"{status}","background":true,"error":null,"incomplete_details":null,"model":"gpt-5.2","output":{output},"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":{{"input_tokens":1,"input_tokens_details":{{"cached_tokens":0}},"output_tokens":1,"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":2}}}}"#
    )
}

/// Nanoseconds since 1970, which two processes read alike.
pub(crate) fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_nanos()
}

/// A streamed answer whose every piece says when it was written.
fn stream(out: &mut impl Write) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    out.write_all(head.as_bytes())?;
    let whole = response("resp_s", "in_progress");
    let created = format!(
        "event: response.created\ndata: {{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{whole}}}\n\n"
    );
    out.write_all(created.as_bytes())?;
    out.flush()?;
    for _ in 0..EVENTS {
        thread::sleep(PAUSE);
        let event = format!(
            "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"sequence_number\":1,\"delta\":\"@{}@\"}}\n\n",
            now()
        );
        out.write_all(event.as_bytes())?;
        out.flush()?;
    }
    let whole = response("resp_s", "completed");
    let end = format!(
        "event: response.completed\ndata: {{\"type\":\"response.completed\",\"sequence_number\":2,\"response\":{whole}}}\n\n"
    );
    out.write_all(end.as_bytes())?;
    out.flush()?;
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Reads one request; large bodies are swallowed. `None` when the peer is done.
fn read<S: Peer>(stream: &mut BufReader<S>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (mut length, mut chunked, mut waits) = (0_u64, false, false);
    loop {
        let mut header = String::new();
        if stream.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let header = header.to_ascii_lowercase();
        match header.trim().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(("expect", _)) => waits = true,
            _ => {}
        }
    }
    if waits {
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.get_mut().flush()?;
    }
    let mut body = Vec::new();
    if chunked {
        chunks(stream, &mut body)?;
    } else if length <= SMALL as u64 {
        stream.take(length).read_to_end(&mut body)?;
    } else {
        swallow(stream, length)?;
    }
    Ok(Some(Request { method, path, body }))
}

fn chunks<S: Peer>(stream: &mut BufReader<S>, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
        if body.len() < SMALL {
            stream.take(size).read_to_end(body)?;
        } else {
            swallow(stream, size)?;
        }
        stream.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Reads a body that nobody looks at.
fn swallow<S: Peer>(stream: &mut BufReader<S>, mut left: u64) -> io::Result<()> {
    let mut nowhere = vec![0; 1 << 20];
    while left > 0 {
        let most = nowhere
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let taken = match stream.buffer().len().min(most) {
            0 => stream.get_mut().discard(&mut nowhere[..most])?,
            there => {
                stream.consume(there);
                there
            }
        };
        if taken == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= taken as u64;
    }
    Ok(())
}

/// The other end of a connection.
trait Peer: Read + Write {
    /// Takes what came, as much as fits, for nobody to look at.
    fn discard(&mut self, nowhere: &mut [u8]) -> io::Result<usize> {
        self.read(nowhere)
    }
}

impl Peer for StreamOwned<ServerConnection, TcpStream> {}

impl Peer for TcpStream {
    /// The kernel drops it without a copy: the sender is what is measured.
    fn discard(&mut self, nowhere: &mut [u8]) -> io::Result<usize> {
        let (_, count) = recv(&*self, nowhere, RecvFlags::TRUNC)?;
        Ok(count)
    }
}

/// A running sink.
pub(crate) struct Running {
    child: std::process::Child,
    pub(crate) plain: u16,
    pub(crate) secure: u16,
}

impl Running {
    /// Starts a sink as a process of its own, so that its time is not ours.
    pub(crate) fn start(folder: &Path, latency_ms: u64, runs_ms: u64) -> anyhow::Result<Running> {
        let mut child = std::process::Command::new(std::env::current_exe()?)
            .arg("sink")
            .arg(folder)
            .args([latency_ms.to_string(), runs_ms.to_string()])
            .stdout(std::process::Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let ports: Vec<u16> = line
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [plain, secure] = ports.as_slice() else {
            anyhow::bail!("the sink names no ports: {line}");
        };
        Ok(Running {
            child,
            plain: *plain,
            secure: *secure,
        })
    }

    /// One of its figures since they were asked for last.
    pub(crate) fn stats(&self) -> anyhow::Result<serde_json::Value> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.plain))?;
        socket.write_all(b"GET /stats HTTP/1.1\r\n\r\n")?;
        socket.shutdown(std::net::Shutdown::Write)?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").context("half an answer")?.1;
        Ok(serde_json::from_str(body)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
