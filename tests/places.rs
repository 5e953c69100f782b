//! The files that `-o` writes: who may read them, where they may stand, and what becomes of records that have no place.

use std::os::unix::fs::MetadataExt;

use rustix::process::Signal;
use serde_json::Value;

use crate::scene::{Ran, Running, Scene, signal_one, until_true};

/// Where files cannot be without a name: nothing tells a process of its open ones.
const NAMED: &str = "unshare -rm bash -c 'mount -t tmpfs none /proc; exec \"$@\"' -";

/// A question that is not answered before the test allows it.
fn asking(scene: &Scene, line: &str) -> Running {
    scene.mock.fault("POST /responses stall when=before");
    let before = scene.ledger().of("POST /responses").len();
    let running = scene.start(line);
    scene.mock.until("a question", |ledger| {
        ledger.of("POST /responses").len() > before
    });
    running
}

/// Whether file systems can be mounted in a name space of one's own.
fn mounts(scene: &Scene) -> bool {
    can(scene, &format!("{NAMED} true"))
}

/// Whether this machine lets a test do that.
#[expect(clippy::print_stderr, reason = "what is skipped must be heard of")]
fn can(scene: &Scene, line: &str) -> bool {
    let ran = scene.sh(line);
    if ran.status != 0 {
        eprintln!("WARNING: SKIPPED: {line}: {}", ran.stderr.trim());
    }
    ran.status == 0
}

/// The `n` of every record among lines.
fn numbers(text: &str) -> Vec<u64> {
    let parse =
        |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("torn: {line}"));
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.filter_map(|line| parse(line)["n"].as_u64()).collect()
}

#[test]
fn what_fails_is_as_private_as_the_file_that_it_stands_in_for() {
    let scene = Scene::new();
    scene.ok("touch own; chmod 600 own; touch shared; chmod 4755 shared");
    for (name, mode) in [("own", "600"), ("shared", "755"), ("new", "640")] {
        scene
            .sh(&format!("umask 027; oa-poll -o {name} <<<'{{}}'"))
            .is(3);
        let failed = scene.ok(&format!("stat -c %a {name}.failed")).stdout;
        assert_eq!(failed.trim(), mode, "{name}.failed");
        scene.ok(&format!("umask 027; oa-respond -n -p why -o {name}"));
        let kept = scene.ok(&format!("stat -c %a {name}")).stdout;
        assert_eq!(kept.trim(), mode, "{name}");
    }
}

#[test]
fn a_file_of_another_group_is_not_opened_to_ours() {
    let scene = Scene::new();
    if !can(&scene, "touch out; chown 65534:65534 out && chmod 640 out") {
        return;
    }
    scene.ok("oa-respond -n -p why -o out");
    assert_eq!(
        scene.ok("stat -c '%a %u %g' out").stdout,
        "640 65534 65534\n"
    );
    scene.ok("chgrp 4242 out; chmod 777 .");
    let line = "setpriv --reuid 65534 --regid 65534 --clear-groups oa-respond -n -p why -o out";
    scene.ok(line);
    assert_eq!(
        scene.ok("stat -c '%a %u %g' out").stdout,
        "600 65534 65534\n"
    );
}

#[test]
fn nothing_is_left_of_a_run_that_was_killed() {
    let scene = Scene::new();
    let running = asking(
        &scene,
        "echo $$ >number; exec oa-respond -n -p why -t -o out",
    );
    let before = scene.ok("ls -A").stdout;
    signal_one(&scene, "number", Signal::KILL);
    assert_eq!(running.killed(), Some(9));
    assert!(!before.contains(".oa-"), "{before}");
    assert_eq!(scene.ok("ls -A").stdout, before);
}

#[test]
fn what_a_killed_run_left_is_swept_and_what_a_running_one_needs_is_not() {
    let scene = Scene::new();
    if !mounts(&scene) {
        return;
    }
    let killed = asking(
        &scene,
        &format!("echo $$ >number; exec {NAMED} oa-respond -n -p why -t -o out"),
    );
    signal_one(&scene, "number", Signal::KILL);
    assert_eq!(killed.killed(), Some(9));
    assert_eq!(scene.ok("stat -c %a .oa-*").stdout, "600\n600\n");
    // Names of others, also such as are ours in part, are left alone.
    scene.ok("touch .oa-install.x7a9 .oa-.part; ln -s notes.txt .oa-0123456789abcdef0123456789abcdef.part");
    let others = scene.ok("ls -d .oa-0123* .oa-.part .oa-install*").stdout;
    let running = asking(&scene, &format!("{NAMED} oa-respond -n -p why -o out"));
    let left = scene.ok("ls -d .oa-*").stdout;
    assert_eq!(left.lines().count(), others.lines().count() + 1, "{left}");
    scene.ok("oa-respond --dry-run -n -p why -o other");
    assert_eq!(scene.ok("ls -d .oa-*").stdout, left);
    scene.mock.no_faults();
    running.finish().is(0);
    assert_eq!(scene.ok("ls -d .oa-*").stdout.len(), others.len());
    assert!(scene.read("out").contains("completed"));
}

#[test]
fn a_second_signal_leaves_no_temporary_file() {
    let scene = Scene::new();
    if !mounts(&scene) {
        return;
    }
    let line = format!("mkfifo never; exec 3<>never; exec {NAMED} oa-respond -p why -o out <&3");
    let running = scene.start(&line);
    until_true(|| scene.ok("ls -A").stdout.contains(".oa-"));
    let running = running.signal(Signal::TERM).signal_until_over(Signal::TERM);
    assert_eq!(running.finish().status, 143);
    assert!(!scene.ok("ls -A").stdout.contains(".oa-"));
}

#[test]
fn a_place_that_cannot_be_had_is_found_before_anything_is_sent() {
    let scene = Scene::new();
    let long = "n".repeat(250);
    scene.ok("mkdir out.failed folder; ln -s out deep; echo old >out");
    for (name, why) in [
        ("out", "out.failed: is a directory"),
        ("deep", "out.failed: is a directory"),
        ("folder", "folder: is a directory"),
        ("folder/", "is a directory"),
        ("new/", "names no file"),
        ("notes.txt/x", "not a directory"),
        ("no/such", "no: no such file or directory"),
        (long.as_str(), ".failed: file name too long"),
    ] {
        let line = format!("oa-respond -n -p why -o {name}");
        scene.sh(&line).is(2).says(&["oa-respond: ", why]);
        // Records that came are passed on.
        let ran = scene.feed("{\"n\":1}\n", &format!("oa-respond -p why -o {name}"));
        assert_eq!(ran.is(2).kinds(), ["usage"], "{name}");
    }
    assert_eq!(scene.read("out"), "old\n");
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_before_anything_is_sent() {
    let scene = Scene::new();
    let user = "chmod 777 .; setpriv --reuid 65534 --regid 65534 --clear-groups";
    if can(&scene, &format!("{user} true")) {
        scene.ok("mkdir locked; touch locked/out; chmod 666 locked/out");
        let line = format!("{user} oa-respond -n -p why -o locked/out");
        scene
            .sh(&line)
            .is(2)
            .says(&["locked/out: locked: permission denied"]);
    }
    if mounts(&scene) {
        let line = "mkdir ro; touch ro/out; exec unshare -rm bash -c 'mount --bind ro ro; mount -o remount,bind,ro ro; oa-respond -n -p why -o ro/out'";
        scene
            .sh(line)
            .is(2)
            .says(&["ro/out: ro: read-only file system"]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn what_a_stranger_laid_into_a_folder_of_all_is_not_followed() {
    let scene = Scene::new();
    if !can(
        &scene,
        "mkdir -m 1777 all; mkdir -m 777 wide; touch x; chown 65534 x",
    ) {
        return;
    }
    scene.ok("echo old >victim; chmod 644 victim; touch all/file; mkfifo all/fifo; chown 65534 all/*; cd all; ln -s ../victim link; ln -s link mine; ln -s link ../wide/link; chown -h 65534 link ../wide/link");
    for name in ["all/link", "all/mine", "all/file", "all/fifo", "wide/link"] {
        let ran = scene.sh(&format!("oa-respond -n -p why -o {name}"));
        ran.is(2).says(&[name, "belongs to somebody else"]);
    }
    let user = "setpriv --reuid 65533 --regid 65533 --clear-groups";
    let ran = scene.sh(&format!(
        "chmod 755 .; touch all/root; {user} oa-respond -n -p why -o all/root"
    ));
    ran.is(2).says(&["all/root", "sticky"]);
    let ran = scene.sh(&format!(
        "touch all/new.failed; {user} oa-respond -n -p why -o all/new"
    ));
    ran.is(2).says(&["all/new.failed", "sticky"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
    // Our own, and the folder's owner's.
    scene.ok("cd all; ln -s ../out own; oa-respond -n -p why -o own");
    scene.ok(
        "chmod 777 .; mkfifo all/ours; cat all/ours >read & oa-respond -n -p why -o all/ours; wait",
    );
    scene.ok("mkdir theirs; cd theirs; ln -s ../again link; chown -h 65534 . link; chmod 1777 .; oa-respond -n -p why -o link");
    for name in ["out", "read", "again"] {
        assert!(scene.read(name).contains("completed"), "{name}");
    }
    assert_eq!(scene.read("victim"), "old\n");
}

#[test]
fn a_stranger_s_link_as_failed_file_is_replaced_and_not_written_through() {
    let scene = Scene::new();
    scene.ok("echo old >victim; ln -s victim out.failed; ln victim hard; ln -s victim out2");
    scene.sh("oa-poll -o out <<<'{}'").is(3);
    assert_eq!(scene.ok("stat -c %F out.failed").stdout, "regular file\n");
    // Of a file with several names one is replaced.
    scene.ok("oa-respond -n -p why -o hard");
    assert!(scene.read("hard").contains("completed"));
    assert_eq!(scene.read("victim"), "old\n");
}

#[test]
fn records_go_to_stderr_when_neither_file_can_be_written_in_the_end() {
    let scene = Scene::new();
    for (more, told) in [("", 1), ("{\"prompt\":\"\"}", 2)] {
        let line = format!("mkdir deep; oa-respond -p why -o deep/out <<<'{{}}{more}'");
        let running = asking(&scene, &line);
        scene.ok("mkdir deep/out.failed deep/out");
        scene.mock.no_faults();
        let ran = running.finish().is(1);
        let ran = ran.says(&["out.failed: ", "records follow here"]);
        let lines = ran.stderr.lines().filter(|line| line.starts_with('{'));
        assert_eq!(lines.count(), told, "{}", ran.stderr);
        scene.ok("rm -r deep");
    }
    let running = asking(&scene, "mkdir deep; oa-respond -n -p why -o deep/out");
    scene.ok("rm -r deep");
    scene.mock.no_faults();
    let ran = running.finish().is(1);
    assert!(ran.stderr.contains("\"response\""), "{}", ran.stderr);
}

#[test]
fn runs_with_the_same_file_do_not_destroy_each_other_s_records() {
    let scene = Scene::new();
    let running = asking(&scene, "oa-respond -n -p why -o out");
    // The first run began earlier and ends well later: what failed meanwhile is not its own.
    scene.feed("{\"n\":2}\n", "oa-poll -o out").is(3);
    scene.mock.no_faults();
    scene.feed("{\"n\":3}\n", "oa-poll -o other").is(3);
    running.finish().is(0);
    assert_eq!(numbers(&scene.read("out.failed")), [2]);
    let line = "oa-respond -p why -o other <<<'{\"n\":4}{\"n\":5,\"prompt\":\"\"}'";
    let failing = asking(&scene, line);
    scene.feed("{\"n\":6}\n", "oa-poll -o other").is(3);
    scene.mock.no_faults();
    let ran = failing.finish().is(1);
    assert_eq!(numbers(&scene.read("other.failed")), [6]);
    assert_eq!(numbers(&ran.stderr), [4, 5]);
}

/// Every record is on disk or on stderr, once, and no line is torn.
fn once(scene: &Scene, ran: Ran, file: &str, count: u64) {
    let ran = ran.is(1).says(&["file too large"]);
    let disk = scene.ok(&format!("cat {file} 2>/dev/null; true")).stdout;
    assert!(disk.is_empty() || disk.ends_with('\n'));
    let mut all = numbers(&disk);
    let kept = all.len();
    all.extend(numbers(&ran.stderr));
    all.sort_unstable();
    assert_eq!(all, (0..count).collect::<Vec<_>>(), "{}", ran.stderr.len());
    assert!(kept > 0, "{file} has room for some");
}

#[test]
fn a_limit_on_files_loses_no_record_and_tears_no_line() {
    let scene = Scene::new();
    let record = "{n: range(9), prompt: (\"x\" * 1500)}";
    scene.ok(&format!(
        "jq -nc '{record}' >in; jq -nc '{record} | .note = (\"y\" * 20000)' >wide"
    ));
    for (line, file) in [
        ("oa-respond -o out", "out.failed"),
        ("oa-respond >out", "out"),
        ("oa-respond --dry-run -o out", "out.failed"),
        ("oa-respond -j 4 -o out", "out.failed"),
    ] {
        let ran = scene.sh(&format!("rm -f out*; cat in | (ulimit -f 16; exec {line})"));
        once(&scene, ran, file, 9);
    }
    // Lines that are handed on together are all in the file, or none of them.
    let ran = scene.sh("rm -f out*; cat wide | (ulimit -f 140; exec oa-respond --dry-run >out)");
    once(&scene, ran, "out", 9);
    // Text that does not fit takes no record with it.
    let ran = scene.sh("rm -f out*; jq -c '.output_text = .note[:9000]' wide | (ulimit -f 220; exec oa-delete -t -o out)");
    once(&scene, ran, "out.failed", 9);
    assert!(scene.path("in").metadata().unwrap().size() > 9000);
}

#[test]
fn what_stood_in_a_file_before_us_is_not_taken_back() {
    let scene = Scene::new();
    scene.ok("jq -nc '{n: range(9), prompt: (\"x\" * 1500)}' >in; echo first >out");
    let ran = scene
        .sh("cat in | (ulimit -f 8; exec oa-respond --dry-run >>out)")
        .is(1);
    let text = scene.read("out");
    assert!(text.starts_with("first\n") && text.ends_with('\n'));
    let mut all = numbers(&text);
    all.extend(numbers(&ran.stderr));
    all.sort_unstable();
    assert_eq!(all, (0..9).collect::<Vec<_>>());
}

#[test]
fn the_command_that_goes_on_from_a_failed_file_is_named_and_runs() {
    let scene = Scene::faulty("POST /responses 400 x1");
    let ran = scene.sh("oa-respond -n -p why --output='-a b.json'").is(7);
    let hint = "jq -c 'del(.error)' './-a b.json.failed' | oa-respond --only-missing …";
    let ran = ran.says(&[hint]);
    drop(ran);
    let again = hint.replace('…', "-p why -o './-a b.json'");
    scene.ok(&again);
    assert!(!scene.path("-a b.json.failed").exists());
}

#[test]
fn a_pipe_that_does_not_wait_still_gets_every_record() {
    let scene = Scene::new();
    let unblock = "import os; os.set_blocking(1, False)";
    if !can(&scene, "python3 -c ''") {
        return;
    }
    scene.ok("jq -nc '{n: range(3000), prompt: (\"x\" * 100)}' >in");
    let line = format!("(python3 -c '{unblock}'; oa-respond --dry-run <in) | (sleep 0.2; wc -l)");
    assert_eq!(scene.ok(&line).stdout.trim(), "3000");
}

#[test]
fn what_failed_before_the_clean_up_is_begun_anew_and_nothing_else() {
    let scene = Scene::faulty("POST /responses end status=failed skip=1 x1");
    let line = "oa-upload --each notes.txt report.pdf | oa-respond -p why | oa-delete -o all";
    let hint = "jq -c 'select(.error) | del(.error, .files, .response)' all.failed | oa-upload | oa-respond …";
    let ran = scene.sh(line).is(8).says(&[hint]);
    drop(ran);
    let again = hint.replace('…', "-p why | oa-delete");
    assert_eq!(scene.ok(&again).records().len(), 1);
    assert_eq!(scene.ledger().of("POST /responses").len(), 3);
    scene.nothing_left();
}

#[test]
fn a_full_disk_says_which_records_are_where() {
    let scene = Scene::new();
    let lines: Vec<String> = (0..60)
        .map(|n| format!("{{\"n\":{n},\"prompt\":\"{}\"}}", "x".repeat(500)))
        .collect();
    scene.file("in", lines.join("\n"));
    let ran = scene
        .sh("(ulimit -f 8; exec oa-respond --dry-run -o out <in)")
        .is(1);
    let said = "out: not written, because there was no room; out.failed has the first records";
    let ran = ran.says(&[said, "others stand above or where they came from"]);
    let first = numbers(&scene.read("out.failed"));
    assert_eq!(first, (0..first.len() as u64).collect::<Vec<_>>());
    assert!(numbers(&ran.stderr).iter().all(|n| !first.contains(n)));
}

#[test]
fn a_signal_in_the_clean_up_is_no_failure_of_a_record() {
    let scene = Scene::with(&["--delay", "200ms"]);
    let line = "oa-upload --each notes.txt report.pdf | oa-respond -p why | oa-delete -o all";
    let running = scene.start(line);
    scene
        .mock
        .until("a deletion", |l| !l.of("DELETE /files/*").is_empty());
    let ran = running.signal(Signal::INT).finish().is(130);
    ran.says(&["all: not written, because a signal came; the records are in all.failed: oa-delete … < all.failed"]);
    scene.nothing_left();
    scene.ok("oa-delete -o all <all.failed");
    assert_eq!(scene.ok("cat all").records().len(), 2);
}
