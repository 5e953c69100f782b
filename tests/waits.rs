//! How long is waited between two looks: as long as the server wants, and not all at the same moment.
//!
//! Only lower bounds are compared: a busy machine makes a wait longer, never shorter.

use serde_json::{Value, json};

use crate::harness::Ledger;
use crate::scene::{Scene, lines};

const LOOK: &str = "GET /responses/*";
const LOOK_AT_BATCH: &str = "GET /vector_stores/*/file_batches/*";

/// Milliseconds between one look at a thing and the next look at the same thing.
fn gaps(ledger: &Ledger, line: &str) -> Vec<u64> {
    let looks = ledger.of(line);
    let next = |n: usize| {
        let mut later = looks[n + 1..].iter();
        let later = later.find(|look| look.path == looks[n].path);
        later.map(|later| later.ms - looks[n].ms)
    };
    (0..looks.len()).filter_map(next).collect()
}

/// What a server says, and the milliseconds that pass at least.
const ADVICE: [(&str, u64); 2] = [("openai-poll-after-ms: 700", 700), ("Retry-After: 1", 1000)];

#[test]
fn a_response_is_looked_at_when_the_server_says() {
    for (header, wait) in ADVICE {
        let scene = Scene::with(&["--looks", "3"]);
        let rule = format!("GET /responses/* but header='{header}'");
        scene.mock.fault(&rule);
        scene.ok("oa-respond -n -b -p why | oa-poll --interval 20ms");
        let gaps = gaps(&scene.ledger(), LOOK);
        assert_eq!(gaps.len(), 2);
        assert!(gaps.iter().all(|gap| *gap >= wait), "{header}: {gaps:?}");
    }
}

#[test]
fn files_on_their_way_into_a_store_are_looked_at_when_the_server_says() {
    for (header, wait) in ADVICE {
        let scene = Scene::with(&["--looks", "3"]);
        // The server's own advice is gone.
        let rule = "but header=openai-poll-after-ms:";
        let rule = format!("GET /vector_stores/*/file_batches/* {rule} header='{header}'");
        scene.mock.fault(&rule);
        scene.ok("oa-upload -P assistants notes.txt | oa-index --interval 20ms | oa-delete");
        let gaps = gaps(&scene.ledger(), LOOK_AT_BATCH);
        assert_eq!(gaps.len(), 2);
        assert!(gaps.iter().all(|gap| *gap >= wait), "{header}: {gaps:?}");
    }
}

#[test]
fn the_looks_of_many_records_are_spread() {
    let scene = Scene::with(&["--looks", "4"]);
    let prompts: Vec<Value> = (0..30).map(|n| json!({"prompt": n.to_string()})).collect();
    let line = "oa-respond -b -j 4 | oa-poll --interval 500ms";
    scene.feed(&lines(&prompts), line).is(0);
    let gaps = gaps(&scene.ledger(), LOOK);
    assert_eq!(gaps.len(), 90);
    // Half a second at least passes between all of them, unless it is shortened for some.
    assert!(gaps.iter().any(|gap| *gap < 500), "{gaps:?}");
}
