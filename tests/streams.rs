//! What is read from FIFOs, standard input and files without an end: until the first signal, and no more than may be sent.

use rustix::process::Signal;

use crate::scene::Scene;

/// Every way in of a local file; `{}` is its name.
const WAYS: [&str; 9] = [
    "oa-upload {}",
    "oa-respond -n -p why -a {}",
    "oa-respond -n --prompt-file {}",
    "oa-respond -n -p why --instructions-file {}",
    "oa-respond -n -p why --request-file {}",
    "oa-respond -n -p why --schema {}",
    "oa-respond -n -p why --api-key-file {}",
    "oa-respond -n -p why --cacert {}",
    "oa-list files --api-key-file {}",
];

#[test]
fn a_fifo_that_nobody_writes_or_reads_is_left_at_the_first_signal() {
    let scene = Scene::new();
    scene.ok("mkfifo p");
    let more = [
        "oa-respond -n -p why -o {}",
        "OPENAI_API_KEY_FILE={} OPENAI_API_KEY= oa-poll resp_a",
    ];
    for way in WAYS.iter().chain(&more) {
        let line = way.replace("{}", "p").replacen("oa-", "exec oa-", 1);
        // A writer that says nothing is waited for, too; with a reader the output would begin.
        for holder in ["", "exec 3<>p; "] {
            if way.contains("-o {}") && !holder.is_empty() {
                continue;
            }
            let running = scene.start(&format!("{holder}{line}"));
            let ran = running.a_tool().signal(Signal::TERM).finish();
            assert_eq!(ran.signal, Some(15), "{way}: {}", ran.stderr);
        }
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn paths_of_a_record_may_name_a_fifo_that_nobody_writes() {
    let scene = Scene::new();
    scene.ok("mkfifo p");
    scene.file("in", "{\"paths\":\"p\"}\n{\"paths\":\"notes.txt\"}\n");
    let ran = scene
        .start("exec oa-upload -j 1 <in")
        .a_tool()
        .signal(Signal::INT)
        .finish();
    assert_eq!(ran.kinds(), ["interrupted", "interrupted"]);
    assert_eq!(ran.signal, Some(2));
    scene.nothing_left();
}

#[test]
fn records_go_to_stdout_when_a_signal_ends_the_wait_for_a_reader() {
    let scene = Scene::new();
    scene.ok("mkfifo p");
    scene.file("in", "{\"n\":1}\n{\"n\":2}\n");
    let ran = scene
        .start("exec oa-delete -o p <in")
        .a_tool()
        .signal(Signal::TERM)
        .finish();
    assert_eq!((ran.kinds().len(), ran.signal), (2, Some(15)));
}

#[test]
fn what_has_no_end_is_refused_in_little_memory_and_little_room() {
    let scene = Scene::new();
    for way in WAYS {
        for device in ["/dev/zero", "/dev/urandom"] {
            let line = way.replace("{}", device);
            let ran = scene.sh(&format!("ulimit -v 1000000; {line}"));
            assert!([2, 3, 4].contains(&ran.status), "{way}: {}", ran.stderr);
        }
    }
    // A key is never copied to a disk.
    let line = "mkfifo p; yes >p & TMPDIR=/nowhere oa-list files --api-key-file p";
    scene
        .sh(line)
        .is(4)
        .says(&["key file p: more than 65536 bytes"]);
    let line = "yes >p & TMPDIR=/nowhere oa-list files --cacert p";
    scene
        .sh(line)
        .is(2)
        .says(&["certificates of p: more than 16777216 bytes"]);
    // A file-size limit shows that no more was spooled: 60 and 50 million bytes are enough to see that it is too much.
    let endless = "yes | (ulimit -f 60000; exec oa-respond -n -p why -a - --filename a.txt)";
    scene.sh(endless).is(3).says(&["50000001 bytes"]);
    let endless = "yes >p & (ulimit -f 60000; exec oa-respond -n --prompt-file p)";
    scene
        .sh(endless)
        .is(3)
        .says(&["p: more than 41943040 bytes"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_folder_without_room_for_what_comes_is_named_with_what_to_set() {
    let scene = Scene::new();
    for tool in [
        "oa-upload --filename a.txt -",
        "oa-respond -n -p why -a -",
        "oa-respond -n --prompt-file -",
    ] {
        let ran = scene
            .sh(&format!("echo text | TMPDIR=/no/such {tool}"))
            .is(3);
        let record = &ran.records()[0];
        assert_eq!(record["error"]["retryable"], true);
        ran.says(&[
            "in the folder /no/such: no such file or directory; ",
            "TMPDIR=/var/tmp",
        ]);
        let ran = scene.sh(&format!(
            "head -c 100000 /dev/zero | tr '\\0' x | (ulimit -f 8; exec {tool})"
        ));
        ran.is(3)
            .says(&["in the folder /tmp: file too large; ", "TMPDIR=/var/tmp"]);
    }
    let mount = "mkdir full; unshare -rm bash -c 'mount -t tmpfs -o size=8k none full; \
        head -c 100000 /dev/zero | tr \"\\0\" x | TMPDIR=$PWD/full oa-respond -n -p why -a -'";
    let ran = scene.sh(mount);
    assert!(
        ran.status == 3 && ran.stderr.contains("full: no space left on device; ")
            || ran.stderr.contains("unshare"),
        "{}",
        ran.stderr
    );
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn files_that_are_not_what_they_say_are_errors_that_name_them() {
    let scene = Scene::new();
    scene.ok("mkdir folder; ln -s nowhere dangling; ln -s round round; : >empty");
    for (path, why) in [
        ("folder", "is a directory"),
        ("dangling", "no such file or directory"),
        ("round", "too many levels"),
        ("empty", "0 bytes"),
        ("/proc/version", "0 bytes"),
        ("/dev/null", "is no regular file"),
        ("notes.txt/x", "not a directory"),
    ] {
        for tool in ["oa-upload", "oa-respond -n -p why -a"] {
            scene.sh(&format!("{tool} {path}")).is(3).says(&[path, why]);
        }
    }
    // What says that it is empty is read all the same where it is a text.
    scene.ok("oa-respond -n --prompt-file /proc/version");
    let name = "two\nlines [delete] file_id=x.txt";
    scene.file(name, "text\n");
    let ran = scene.ok("oa-upload two*");
    assert_eq!(ran.record()["files"][0]["path"], name);
    assert!(!ran.stderr.contains("\nlines"), "{}", ran.stderr);
}
