//! Redirects are an error that names the place: nothing is sent there, and no method changes.

use super::at;
use super::server::{Peer, Server, obliging};
use crate::scene::Scene;

#[test]
fn a_redirect_is_followed_by_nobody() {
    let scene = Scene::new();
    let other = Server::plain(obliging);
    let places = [other.url() + "/elsewhere", "/v2/elsewhere".to_owned()];
    let tools = [
        ("oa-respond -n -p why", "POST /v1/responses", 7),
        ("oa-upload report.pdf", "POST /v1/files", 7),
        ("oa-poll resp_1", "GET /v1/responses/resp_1", 7),
        ("oa-delete file-1", "DELETE /v1/files/file-1", 1),
        ("oa-list files", "GET /v1/files", 7),
    ];
    for status in [301, 302, 303, 307, 308] {
        for place in &places {
            let head = format!(
                "HTTP/1.1 {status} Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
            );
            let server = Server::plain(move |mut peer: Peer| {
                while peer.request().is_some() {
                    peer.say(&head);
                }
            });
            for (tool, line, exit) in tools {
                let before = server.asked().len();
                let ran = at(&scene, &server.url(), tool);
                assert_eq!(ran.status, exit, "{status} {tool}: {}", ran.stderr);
                ran.says(&[place, "OPENAI_BASE_URL"]);
                let asked = server.asked();
                assert_eq!(asked.len(), before + 1, "{asked:?}");
                assert!(asked[before].starts_with(line), "{asked:?}");
            }
        }
    }
    assert_eq!(other.connections(), 0);
}
