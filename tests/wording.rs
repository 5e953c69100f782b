//! What is said to people is said in words of theirs.

use crate::scene::Scene;

/// What no person types or reads, and what no page of an API says.
const FOREIGN: [&str; 12] = [
    "os error",
    "Error(",
    "Err(",
    "Os {",
    "Some(",
    "None",
    "::",
    "..=",
    "in string",
    "target type",
    "failed to",
    "RUST_BACKTRACE",
];

/// Wrong lines, and what is to be read of each.
const WRONG: [(&str, &str); 47] = [
    ("oa-upload no/such", "no/such: no such file or directory"),
    ("oa-upload dir", "dir: is a directory"),
    (
        "oa-upload notes.txt -o no/such/x",
        "no/such: no such file or directory",
    ),
    ("oa-upload notes.txt -o dir", "dir: is a directory"),
    (
        "oa-upload notes.txt --api-key-file dir",
        "key file dir: is a directory",
    ),
    (
        "oa-upload notes.txt --cacert no/such",
        "no/such: no such file or directory",
    ),
    (
        "oa-upload notes.txt --cacert empty",
        "empty: there is none in it",
    ),
    (
        "oa-upload notes.txt --cert no/such",
        "no/such: no such file or directory",
    ),
    (
        "oa-upload notes.txt --key notes.txt",
        "missing: --cert <FILE>",
    ),
    (
        "oa-upload notes.txt --base-url nonsense",
        "nonsense: not an address",
    ),
    (
        "oa-upload notes.txt --retries 0 --base-url https://no-such-host.invalid/v1",
        "looking up no-such-host.invalid: ",
    ),
    (
        "oa-upload notes.txt --retries 0 --base-url http://127.0.0.1:1/v1",
        "connecting to 127.0.0.1:1: connection refused",
    ),
    (
        "oa-upload notes.txt -j many",
        "--jobs <N>': a whole number is expected",
    ),
    ("oa-upload notes.txt -j 999", "999 is not in 1 to 256"),
    (
        "oa-upload notes.txt --retries 99999999999",
        "99999999999 is not in 0 to 4294967295",
    ),
    (
        "oa-upload notes.txt --timeout 10",
        "write a number with its unit",
    ),
    (
        "TMPDIR=/no/such oa-upload --filename x.txt - <report.pdf",
        "/no/such: ",
    ),
    (
        "OPENAI_CUSTOM_HEADERS=oops oa-upload notes.txt",
        "OPENAI_CUSTOM_HEADERS: ",
    ),
    (
        "OPENAI_BASE_URL=oops oa-upload notes.txt",
        "oops: not an address",
    ),
    (
        "oa-respond -n -p x -a no/such",
        "no/such: no such file or directory",
    ),
    ("oa-respond -n --prompt-file dir", "dir: is a directory"),
    (
        "oa-respond -n -p x --schema bad",
        "bad: not a JSON object: ",
    ),
    (
        "oa-respond -n -p x --request-file bad",
        "bad: not a JSON object: ",
    ),
    (
        "oa-respond -n -p x --request {",
        "--request: not a JSON object: ",
    ),
    (
        "oa-respond -n -p x --max-output-tokens lots",
        "a whole number is expected",
    ),
    (
        "oa-respond -n -p x --filter-json x --file-search",
        "--filter-json: ",
    ),
    (
        "oa-poll <dir",
        "stdin: line 1, column 1: cannot be read: is a directory",
    ),
    ("oa-poll <bad", "stdin: line 1, column 6: malformed JSON: "),
    (
        "oa-poll --interval soon",
        "--interval <TIME>': write a number with its unit",
    ),
    (
        "oa-delete rec.json",
        "rec.json: a file where an id was expected",
    ),
    ("oa-delete nonsense", "nonsense: nothing in it says"),
    ("oa-delete --as thing x", "'thing' for '--as <KIND>'"),
    ("oa-delete <dir", "cannot be read: is a directory"),
    ("oa-list nothing", "'nothing' for '<WHAT>'"),
    ("oa-list files --page-size 0", "0 is not in 1 to "),
    ("oa-list store-files", "missing: <STORE_ID>"),
    ("oa-list files --purpose visoin", "visoin"),
    ("oa-index --chunk-size 5", "5 is not in 100 to 4096"),
    ("oa-index --attribute x", "write KEY=VALUE"),
    ("oa-index --into ''", "--into <ID>': an empty text is no id"),
    ("oa-search -p x --filter =3 vs_1", "write KEY=VALUE"),
    ("oa-search <bad", "malformed JSON: "),
    ("oa-batch rec.json", "its records: oa-batch < rec.json"),
    (
        "oa-respond -p x rec.json",
        "its records: oa-respond < rec.json",
    ),
    (
        "oa-poll -o -x.json",
        "a name that begins with a hyphen: -o ./-x.json",
    ),
    (
        "oa-upload file:///tmp/x.pdf",
        "a file by its path: oa-upload /tmp/x.pdf",
    ),
    (
        "oa-respond Hello",
        "oa-respond -p Hello, and without records -n -t",
    ),
];

#[test]
fn a_message_names_what_is_at_fault_and_no_type_of_ours() {
    let scene = Scene::new();
    scene.ok("mkdir dir; touch empty; printf '{oops' >bad");
    for (line, named) in WRONG {
        let ran = scene.sh(&format!("{line} >/dev/null"));
        assert_ne!(ran.status, 0, "{line}");
        assert!(ran.stderr.contains(named), "{line}: {}", ran.stderr);
        let foreign = FOREIGN.iter().find(|word| ran.stderr.contains(**word));
        assert_eq!(foreign, None, "{line}: {}", ran.stderr);
    }
}
