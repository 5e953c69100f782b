//! Servers of stores that answer in their own way: what was asked for is read, and nothing more is believed.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::json;

use crate::net::at;
use crate::net::server::Server;
use crate::scene::{Ran, Scene};

/// The record of two uploaded files.
fn record() -> String {
    let file = |id: &str, path: &str| json!({"id": id, "filename": path, "path": path});
    json!({"files": [file("file-1", "a.md"), file("file-2", "b.md")]}).to_string()
}

/// What a server of stores answers to a request in its turn, counted from 1, with its query: `""` is its usual
/// answer, which finds `file-2` broken; all else a body, or a status and a body.
type Odd = fn(line: &str, query: &str, turn: usize) -> &'static str;

const LISTED: &str = r#"{"object":"list","data":[],"has_more":false}"#;
const GOOD: &str =
    r#"{"object":"list","data":[{"id":"file-1","status":"completed"}],"has_more":false}"#;
const BAD: &str = r#"{"object":"list","data":[{"id":"file-2","status":"failed","last_error":{"code":"invalid_file","message":"broken"}}],"has_more":false}"#;
const OVER: &str = r#"{"id":"vsfb_1","status":"completed","file_counts":{"in_progress":0,"completed":1,"failed":1,"cancelled":0,"total":2}}"#;

fn usual(line: &str, query: &str) -> &'static str {
    match line {
        "POST /vector_stores" | "GET /vector_stores/vs_1" => {
            r#"{"id":"vs_1","object":"vector_store","status":"completed"}"#
        }
        "POST /vector_stores/vs_1/file_batches" => r#"{"id":"vsfb_1","status":"in_progress"}"#,
        "GET /vector_stores/vs_1/file_batches/vsfb_1" => OVER,
        "GET /vector_stores/vs_1/file_batches/vsfb_1/files" if query.contains("=completed") => GOOD,
        "GET /vector_stores/vs_1/file_batches/vsfb_1/files" if query.contains("=failed") => BAD,
        "GET /vector_stores/vs_1/file_batches/vsfb_1/files" => LISTED,
        _ => "404 {\"error\":{\"message\":\"no such path\"}}",
    }
}

fn stores(odd: Odd) -> Server {
    let turns = Mutex::new(BTreeMap::<String, usize>::new());
    Server::plain(move |mut peer| {
        while let Some(head) = peer.request() {
            let words: Vec<&str> = head.split(' ').collect();
            let target = words[1].strip_prefix("/v1").unwrap();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let line = format!("{} {path}", words[0]);
            let mut turns = turns.lock().unwrap();
            let turn = turns.entry(line.clone()).or_default();
            *turn += 1;
            let answer = match odd(&line, query, *turn) {
                "" => usual(&line, query),
                answer => answer,
            };
            drop(turns);
            match answer.split_once(' ') {
                Some((status, body)) if status.len() == 3 => {
                    peer.answer(&format!("{status} X"), body);
                }
                _ => peer.answer("200 OK", answer),
            }
        }
    })
}

/// What becomes of the two files there.
fn index(server: &Server, options: &str) -> Ran {
    let scene = Scene::new();
    scene.file("job", record());
    let line = format!("oa-index --interval 20ms --deadline 20s {options} <job");
    at(&scene, &server.url(), &line)
}

/// Fails unless exactly `b.md` is named, with its reason.
fn names_the_broken_one(server: &Server, what: &str) {
    let ran = index(server, "");
    assert_eq!(
        ran.record()["error"]["message"],
        "1 of 2 files were not indexed: b.md: invalid_file: broken",
        "{what}: {}",
        ran.stderr
    );
}

const BATCH: &str = "GET /vector_stores/vs_1/file_batches/vsfb_1";
const FILES: &str = "GET /vector_stores/vs_1/file_batches/vsfb_1/files";

#[test]
fn a_batch_is_known_by_the_id_that_it_was_made_with_and_each_field_by_itself() {
    let cases: [(&str, Odd); 10] = [
        ("as the API answers", |_, _, _| ""),
        ("the id of the store", |line, _, _| match line {
            BATCH => {
                r#"{"id":"vs_1","status":"completed","file_counts":{"completed":1,"failed":1}}"#
            }
            _ => "",
        }),
        ("no id, and no name that we know", |line, _, _| match line {
            BATCH => {
                r#"{"object":"x","status":"completed","file_counts":{"completed":1,"failed":1}}"#
            }
            _ => "",
        }),
        ("another name for it", |line, _, turn| match (line, turn) {
            ("POST /vector_stores/vs_1/file_batches", _) | (BATCH, 1) => {
                r#"{"id":"vsfb_1","object":"vector_store.file_batch","status":"in_progress"}"#
            }
            _ => "",
        }),
        ("counts that are null", |line, _, _| match line {
            BATCH => r#"{"id":"vsfb_1","status":"completed","file_counts":null}"#,
            _ => "",
        }),
        ("counts that are words", |line, _, turn| {
            match (line, turn) {
                (BATCH, 1) => {
                    r#"{"id":"vsfb_1","status":"in_progress","file_counts":{"in_progress":"2","completed":{}}}"#
                }
                (BATCH, _) => {
                    r#"{"id":"vsfb_1","status":"completed","file_counts":{"in_progress":0,"completed":"1","failed":1}}"#
                }
                _ => "",
            }
        }),
        ("a status that is a number", |line, _, _| match line {
            BATCH => {
                r#"{"id":"vsfb_1","status":7,"file_counts":{"in_progress":0,"completed":1,"failed":1}}"#
            }
            _ => "",
        }),
        ("entries without a status", |line, query, _| match line {
            FILES if query.contains("=completed") => {
                r#"{"data":[{"id":"file-1"}],"has_more":false}"#
            }
            FILES if query.contains("=failed") => {
                r#"{"data":[{"id":"file-2","last_error":{"code":"invalid_file","message":"broken"}}],"has_more":false}"#
            }
            _ => "",
        }),
        ("a list that heeds no filter", |line, _, _| match line {
            FILES => {
                r#"{"data":[7,{"id":"file-1","status":"completed"},{"id":"file-2","status":"failed","last_error":{"code":"invalid_file","message":"broken","x":7}}],"has_more":false}"#
            }
            _ => "",
        }),
        (
            "an entry that is half nonsense",
            |line, query, _| match line {
                FILES if query.contains("=completed") => {
                    r#"{"data":[{"id":7},{"status":[],"id":"file-1"},null],"has_more":"no"}"#
                }
                _ => "",
            },
        ),
    ];
    for (what, odd) in cases {
        names_the_broken_one(&stores(odd), what);
    }
}

#[test]
fn where_a_batch_says_nothing_of_itself_its_files_are_asked() {
    let server = stores(|line, _, turn| match (line, turn) {
        ("POST /vector_stores/vs_1/file_batches" | BATCH, _) => r#"{"id":"vsfb_1"}"#,
        ("GET /vector_stores/vs_1/files/file-1", 1 | 2) => {
            r#"{"id":"file-1","status":"in_progress"}"#
        }
        ("GET /vector_stores/vs_1/files/file-1", _) => r#"{"id":"file-1","status":"completed"}"#,
        ("GET /vector_stores/vs_1/files/file-2", _) => {
            r#"{"id":"file-2","last_error":{"code":"invalid_file","message":"broken"}}"#
        }
        _ => "",
    });
    names_the_broken_one(&server, "no status, no counts");
}

#[test]
fn lists_of_files_are_read_to_their_end_and_have_one() {
    let cases: [(&str, Odd); 5] = [
        (
            "pages of one entry, and nothing said of more",
            |line, query, _| match line {
                FILES if query.contains("=completed") && query.contains("after=file-0") => {
                    r#"{"data":[{"id":"file-1"}]}"#
                }
                FILES if query.contains("=completed") && query.contains("after=file-1") => {
                    r#"{"data":[]}"#
                }
                FILES if query.contains("=completed") => r#"{"data":[{"id":"file-0"}]}"#,
                _ => "",
            },
        ),
        ("a cursor that stands still", |line, query, _| match line {
            FILES if query.contains("=completed") => {
                r#"{"data":[{"id":"file-1","status":"completed"}],"has_more":true,"last_id":"file-1"}"#
            }
            _ => "",
        }),
        ("an empty page on the way", |line, query, _| match line {
            FILES if query.contains("=completed") && query.contains("after=file-0") => GOOD,
            FILES if query.contains("=completed") => {
                r#"{"data":[],"has_more":true,"last_id":"file-0"}"#
            }
            _ => "",
        }),
        ("cursors in a ring", |line, query, _| match line {
            FILES if !query.contains("=completed") => "",
            FILES if query.contains("after=file-1") => {
                r#"{"data":[{"id":"file-0"}],"has_more":true}"#
            }
            FILES => r#"{"data":[{"id":"file-1"}],"has_more":true}"#,
            _ => "",
        }),
        (
            "a cursor that is no id of an entry",
            |line, query, _| match line {
                FILES if query.contains("=completed") && query.contains("after=page-2") => GOOD,
                FILES if query.contains("=completed") => {
                    r#"{"data":[{}],"has_more":true,"last_id":"page-2"}"#
                }
                _ => "",
            },
        ),
    ];
    for (what, odd) in cases {
        names_the_broken_one(&stores(odd), what);
    }
}

#[test]
fn a_file_that_expires_at_0_does_not_expire() {
    let scene = Scene::new();
    let record = record().replace("\"path\"", "\"expires_at\":0,\"path\"");
    scene.file("job", record);
    let server = stores(|_, _, _| "");
    let ran = at(
        &scene,
        &server.url(),
        "oa-index --keep --interval 20ms <job",
    );
    assert!(!ran.stderr.contains("expire"), "{}", ran.stderr);
    assert_eq!(ran.is(8).kinds(), ["failed"]);
}
