//! Where results go: `-o`, `-t`, order, and what happens to them when something fails.

use serde_json::{Value, json};

use crate::pipes::text_of;
use crate::scene::{Scene, lines};

#[test]
fn o_writes_the_file_and_nothing_to_stdout() {
    let scene = Scene::new();
    let ran = scene.ok("oa-upload notes.txt -o up.json; cat up.json");
    assert_eq!(ran.record()["files"][0]["path"], "notes.txt");
    let ran = scene.ok("oa-respond -p why -o - <up.json | oa-delete -o done.json; cat done.json");
    assert_eq!(ran.record()["response"]["status"], "completed");
    let left = "done.json figure.png notes.txt report.pdf up.json\n";
    assert_eq!(
        scene.ok("ls -A | xargs").stdout,
        left,
        "no temporary file stays"
    );
    scene.nothing_left();
}

#[test]
fn o_leaves_the_old_file_alone_and_keeps_failed_records_beside_it() {
    let scene = Scene::faulty("POST /responses 400 skip=1 x1");
    scene.file("done.json", "old\n");
    let ask =
        "oa-upload --each notes.txt report.pdf >up.json; oa-respond -p why -o done.json <up.json";
    let ran = scene.sh(ask).is(7).says(&["done.json.failed"]);
    assert_eq!(
        (ran.stdout.as_str(), scene.read("done.json").as_str()),
        ("", "old\n")
    );
    let failed = scene.ok("cat done.json.failed");
    assert_eq!(failed.kinds(), ["", "refused"]);
    let again =
        "jq -c 'del(.error)' done.json.failed | oa-respond -p why --only-missing -o done.json";
    scene.ok(again);
    assert!(
        !scene.path("done.json.failed").exists(),
        "a success removes it"
    );
    assert_eq!(scene.ledger().of("POST /responses").len(), 3);
    scene.ok("oa-delete <done.json");
    scene.nothing_left();
}

#[test]
fn o_with_t_keeps_records_and_never_text_of_a_failure() {
    let scene = Scene::faulty("POST /responses 400 skip=1 x1");
    let line =
        "oa-upload --each notes.txt report.pdf | oa-respond -p why | oa-delete -t -o answer.txt";
    scene.sh(line).is(7);
    assert!(!scene.path("answer.txt").exists());
    let kept = scene.ok("cat answer.txt.failed");
    assert_eq!(kept.kinds(), ["", "refused"]);
    scene.nothing_left();
}

#[test]
fn a_failed_clean_up_alone_does_not_hold_the_file_back() {
    let scene = Scene::faulty("DELETE /files/* 400");
    let line = "oa-upload notes.txt | oa-respond -p why | oa-delete -t -o answer.txt";
    scene.sh(line).is(1);
    assert_eq!(
        scene.read("answer.txt"),
        format!("{}\n", text_of(&scene.ledger().responses[0]))
    );
    assert!(!scene.path("answer.txt.failed").exists());
    scene.mock.no_faults();
    scene.ok("oa-list files | oa-delete");
    scene.nothing_left();
}

#[test]
fn o_follows_links_and_the_file_keeps_its_rights() {
    let scene = Scene::new();
    scene.ok("mkdir deep; echo old >deep/real; chmod 640 deep/real; ln -s deep/real link; ln -s link again");
    scene.ok("oa-respond -n -p why -o again");
    let kinds = "stat -c '%F %a' deep/real; stat -c %F link again; ls -A deep";
    let links = "symbolic link\nsymbolic link\n";
    assert_eq!(
        scene.ok(kinds).stdout,
        format!("regular file 640\n{links}real\n")
    );
    let record: Value = serde_json::from_str(&scene.read("link")).unwrap();
    assert_eq!(record["response"]["status"], "completed");
    // Without an old file the umask decides, as for the shell's own `>`.
    scene.ok("umask 027; oa-respond -n -p why -o new");
    assert_eq!(scene.ok("stat -c %a new").stdout, "640\n");
    // What failed is as private as what it stands in for.
    scene.sh("chmod 600 new; oa-poll -o new <<<'{}'").is(3);
    assert_eq!(scene.ok("stat -c %a new.failed").stdout, "600\n");
}

#[test]
fn o_makes_the_file_that_a_dangling_link_names() {
    let scene = Scene::new();
    scene.ok("mkdir deep; ln -s deep/real link; ln -s $PWD/link again");
    scene.mock.fault("POST /responses stall when=before");
    let running = scene.start("oa-respond -n -p why -o again");
    scene
        .mock
        .until("a question", |l| l.of("POST /responses").len() == 1);
    // The new file is made where it is to stand: another folder may be another disk.
    let made = scene
        .ok("readlink /proc/[0-9]*/fd/* | grep -c \"^$PWD/deep/\"; ls -A deep")
        .stdout;
    assert_eq!(made, "1\n");
    scene.mock.no_faults();
    running.finish().is(0);
    assert_eq!(
        scene.ok("ls -A deep; readlink link").stdout,
        "real\ndeep/real\n"
    );
    let record: Value = serde_json::from_str(&scene.read("deep/real")).unwrap();
    assert_eq!(record["response"]["status"], "completed");
    scene.ok("ln -s nowhere/real lost; ln -s round round");
    for link in ["lost", "round"] {
        scene
            .sh(&format!("oa-respond -n -p why -o {link}"))
            .is(2)
            .says(&[link]);
    }
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
}

#[test]
fn a_stdout_that_is_closed_from_the_start_is_usage_before_anything_is_sent() {
    let scene = Scene::new();
    scene.ok("oa-upload notes.txt >made");
    let made = scene.ledger().asked();
    for tool in [
        "oa-upload notes.txt",
        "oa-respond -n -p why",
        "oa-respond -n -p why -o -",
        "oa-poll resp_a",
        "oa-delete file-a",
        "oa-search -p why vs_a",
        "oa-list files",
    ] {
        scene
            .sh(&format!("{tool} >&-"))
            .is(2)
            .says(&["stdout is closed"]);
        scene
            .sh(&format!("{tool} <&- >&-"))
            .is(2)
            .says(&["stdout is closed"]);
    }
    for tool in [
        "oa-upload",
        "oa-respond -p why",
        "oa-index",
        "oa-poll",
        "oa-delete",
        "oa-respond --bogus",
    ] {
        let ran = scene.sh(&format!("{tool} <made >&-")).is(2);
        let record = ran.stderr.lines().find(|line| line.starts_with('{'));
        let record: Value = serde_json::from_str(record.expect("a record on stderr")).unwrap();
        assert_eq!(record["error"]["kind"], "usage", "{tool}");
        assert!(record["files"][0]["id"].is_string(), "{tool}");
    }
    assert_eq!(scene.ledger().asked(), made);
    scene.ok("oa-delete <made -o done >&-; oa-respond -n -p why >/dev/null; oa-respond -n -p why -o /dev/null >&-");
    // Programs that start others without an output open the null device for both ways, stderr, too.
    scene.ok("oa-respond -n -p why 1<>/dev/null 2<>/dev/null");
    // So does one that starts a shell without one.
    let ran = scene.sh("bash -c 'oa-upload notes.txt | oa-delete; echo $? >status' 1<>/dev/null");
    assert_eq!(scene.read("status"), "0\n", "{}", ran.stderr);
    assert_eq!(scene.ledger().of("POST /responses").len(), 3);
    scene.nothing_left();
}

#[test]
fn o_writes_devices_and_fifos_directly() {
    let scene = Scene::new();
    scene.ok("oa-respond -n -p why -o /dev/null");
    assert!(
        scene
            .ok("stat -c %F /dev/null")
            .stdout
            .contains("character")
    );
    let ran = scene.ok("mkfifo pipe; cat pipe & oa-respond -n -p why -o pipe; wait");
    assert_eq!(ran.record()["response"]["status"], "completed");
    assert!(!scene.path("pipe.failed").exists());
    // What goes to stdout goes behind what is there, and others go on behind it.
    scene.ok("(echo before; oa-respond -n -p why -o /dev/stdout; echo after) >out");
    let text = scene.read("out");
    assert!(
        text.starts_with("before\n{") && text.ends_with("}\nafter\n"),
        "{text}"
    );
}

#[test]
fn a_full_disk_is_noticed() {
    let scene = Scene::new();
    let ran = scene.sh("oa-respond -n -p why >/dev/full").is(1);
    assert!(ran.stderr.contains("oa-respond: "), "{}", ran.stderr);
    let ran = scene.sh("oa-respond -n -p why -o /dev/full").is(1);
    assert!(ran.stderr.contains("oa-respond: "), "{}", ran.stderr);
}

#[test]
fn a_folder_that_is_missing_is_found_before_anything_is_sent() {
    let scene = Scene::new();
    let ran = scene.sh("oa-respond -n -p why -o no/such/file");
    assert!([2, 3].contains(&ran.status), "{}", ran.stderr);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn t_is_what_jq_would_print() {
    let scene = Scene::new();
    for tool in [
        "oa-respond -p why",
        "oa-respond -b -p why | oa-poll --interval 20ms",
        "oa-respond -p why | oa-delete",
    ] {
        let text = scene
            .ok(&format!("oa-upload notes.txt | tee up.json | {tool} -t"))
            .stdout;
        let ledger = scene.ledger();
        assert_eq!(
            text,
            format!("{}\n", text_of(ledger.responses.last().unwrap())),
            "{tool}"
        );
        scene.ok("oa-delete <up.json");
    }
    scene.nothing_left();
}

#[test]
fn t_writes_no_text_of_a_failed_record() {
    let scene = Scene::new();
    let records = [
        json!({"output_text": "one"}),
        json!({"output_text": "two", "error": {"kind": "incomplete", "message": "m"}}),
        json!({"output_text": "thr\u{e9}e\nlines "}),
    ];
    let ran = scene.feed(&lines(&records), "oa-delete -t").is(9);
    assert_eq!(ran.stdout, "one\nthr\u{e9}e\nlines \n");
}

#[test]
fn output_order_is_input_order_with_many_jobs() {
    let scene = Scene::faulty("POST /responses delay ms=200 x1");
    let names: Vec<Value> = (0..8).map(|n| json!({"prompt": format!("{n}?")})).collect();
    let ran = scene.feed(&lines(&names), "oa-respond -j 4").is(0);
    let prompts: Vec<Value> = ran
        .records()
        .iter()
        .map(|r| json!({"prompt": r["prompt"]}))
        .collect();
    assert_eq!(prompts, names);
    let ran = scene
        .feed(&lines(&names), "oa-respond -j 4 --unordered")
        .is(0);
    let mut prompts: Vec<String> = ran
        .records()
        .iter()
        .map(|r| r["prompt"].to_string())
        .collect();
    prompts.sort();
    assert_eq!(prompts.len(), 8);
    prompts.dedup();
    assert_eq!(prompts.len(), 8);
}

#[test]
fn unordered_records_leave_as_they_finish() {
    let scene = Scene::with(&["--looks", "1"]);
    let slow = scene
        .ok("oa-respond -n -b -p slow >slow.json; cat slow.json")
        .record();
    scene.ok("oa-respond -n -b -p quick >quick.json");
    let id = slow["response"]["id"].as_str().unwrap();
    scene
        .mock
        .fault(&format!("GET /responses/{id} delay ms=250"));
    for (option, order) in [
        ("", ["quick?", "slow?"]),
        ("--unordered", ["quick?", "slow?"]),
        ("-k", ["slow?", "quick?"]),
        ("--keep-order", ["slow?", "quick?"]),
    ] {
        let line = format!(
            "for n in slow quick; do jq -c \".prompt = \\\"$n?\\\"\" $n.json; done | oa-poll --interval 20ms {option}"
        );
        let prompts: Vec<Value> = scene
            .ok(&line)
            .records()
            .iter()
            .map(|r| r["prompt"].clone())
            .collect();
        assert_eq!(prompts, order, "{option}");
    }
    scene.nothing_left();
}

#[test]
fn many_jobs_share_kept_alive_connections() {
    let scene = Scene::new();
    for number in 0..20 {
        scene.file(&format!("n{number}.txt"), "text\n");
    }
    scene.ok("oa-upload n*.txt >made");
    let after_upload = scene.ledger().connections;
    assert!(
        after_upload <= 4,
        "{after_upload} connections for 20 uploads"
    );
    let paths = scene.ok("jq -r '.files[].path' made").stdout;
    assert_eq!(paths, scene.ok("ls n*.txt").stdout);
    scene.ok("oa-delete <made");
    let connections = scene.ledger().connections - after_upload;
    assert!(
        connections <= 4,
        "{connections} connections for 20 deletions"
    );
    scene.nothing_left();
}

/// Three questions, the first of which is refused: two answers stand in `all.failed`.
fn two_of_three() -> Scene {
    let scene = Scene::faulty("POST /responses 400 x1");
    scene.ok("jq -nc '{n: range(3), prompt: \"Why?\"}' >asks");
    scene.sh("oa-respond -o all <asks").is(7);
    scene
}

#[test]
fn answers_that_an_earlier_run_kept_are_not_overwritten() {
    let scene = two_of_three();
    let before = scene.read("all.failed");
    for line in ["env -u OPENAI_API_KEY oa-respond", "oa-respond --nonsense"] {
        let ran = scene.sh(&format!("{line} -o all <asks"));
        assert_ne!(ran.status, 0);
        ran.says(&["all.failed.1: kept, because an earlier run has answers"]);
        assert_eq!(scene.read("all.failed.1"), before);
        scene.ok("mv all.failed.1 all.failed");
    }
    let again = "jq -c 'del(.error)' all.failed | oa-respond --only-missing -o all";
    scene.mock.fault("POST /responses 400 x1");
    scene.sh(again).is(7);
    assert!(!scene.path("all.failed.1").exists(), "it has them, too");
    scene.ok(again);
    assert!(!scene.path("all.failed").exists(), "a success removes it");
    assert_eq!(scene.ok("cat all").records().len(), 3);
    assert_eq!(scene.ledger().of("POST /responses").len(), 5);
}

#[test]
fn a_success_with_fewer_records_removes_no_answer() {
    let scene = two_of_three();
    let before = scene.read("all.failed");
    let some = "jq -c 'select(.error) | del(.error)' all.failed | oa-respond -o all";
    scene.ok(some).says(&["all.failed: kept, because"]);
    assert_eq!(scene.read("all.failed"), before);
    scene.ok("oa-respond -o all <asks");
    assert!(!scene.path("all.failed").exists(), "all were asked again");
}

#[test]
fn ids_that_an_earlier_run_kept_are_not_overwritten() {
    let scene = Scene::new();
    scene.sh("oa-upload --each notes.txt no-such -o up").is(3);
    let before = scene.read("up.failed");
    scene
        .sh("env -u OPENAI_API_KEY oa-upload notes.txt -o up")
        .is(4);
    assert_eq!(scene.read("up.failed.1"), before);
    scene.sh("oa-delete <up.failed.1").is(3);
    scene.nothing_left();
}
