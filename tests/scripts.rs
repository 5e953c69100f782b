//! The scripts: where they work, what they delete, and what they bring along.

use std::fs;
use std::path::PathBuf;

use crate::harness::root;
use crate::scene::Scene;

fn scripts() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("scripts")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_file());
    found.push(root().join(".ci/run"));
    found.push(root().join("tests/contract/run"));
    found
}

#[test]
fn the_demo_deletes_what_its_records_name_and_not_what_its_log_says() {
    let scene = Scene::new();
    let victim = scene.ok("oa-upload notes.txt | jq -r '.files[].id'").stdout;
    let name = format!("report file_id={} .txt", victim.trim());
    scene.file(&name, "text\n");
    let demo = root().join("scripts/demo");
    scene.ok(&format!("{} --inside -- \"{name}\"", demo.display()));
    let left = scene.ok("oa-list files | jq -r .id").stdout;
    assert_eq!(left, victim);
    let line = format!("{} --inside -- \"{name}\"", demo.display());
    scene.mock.fault("POST /responses 400");
    scene.sh(&line).is(7);
    assert_eq!(scene.ok("oa-list files | jq -r .id").stdout, victim);
    let asked = scene.ledger();
    let deleted = asked.requests.iter().filter(|r| r.method == "DELETE");
    assert_eq!(deleted.count(), 3);
}

#[test]
fn cdpath_leads_no_script_elsewhere() {
    let scene = Scene::new();
    scene.ok("mkdir -p decoy/scripts decoy/tests/contract bin");
    scene.file("bin/cargo", "#!/bin/sh\npwd >>\"$SEEN\"\nexit 1\n");
    scene.ok("chmod 755 bin/cargo; cp bin/cargo bin/cargo-fuzz; cp bin/cargo bin/cargo-deb");
    for script in [
        "test fmt",
        "soak",
        "fuzz",
        "bench",
        "install",
        "deb",
        "demo --mock",
        "notices",
    ] {
        scene.ok("rm -f seen");
        let line = format!(
            "here=$PWD; export SEEN=$here/seen CDPATH=$here/decoy PATH=$here/bin:$PATH; cd '{}'; scripts/{script}",
            root().display()
        );
        assert_ne!(scene.sh(&line).status, 0, "{script}");
        let seen = scene.read("seen");
        let root = root().to_str().unwrap();
        assert!(seen.lines().all(|line| line == root), "{script}: {seen}");
    }
    for path in scripts() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("\nset -euo pipefail\nunset CDPATH\n"),
            "{}",
            path.display()
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_notices_of_all_that_is_linked_in_travel_with_the_programs() {
    let scene = Scene::new();
    let cargo = std::env::var("PATH").unwrap();
    let home = std::env::var("HOME").unwrap();
    let script = root().join("scripts/notices");
    // Other platforms link in other crates: what is needed here has to stand there.
    let ran = scene.ok(&format!(
        "PATH='{cargo}' HOME='{home}' '{}'",
        script.display()
    ));
    let kept = fs::read_to_string(root().join("crates/oa-core/NOTICES")).unwrap();
    let (made, kept): (Vec<&str>, Vec<&str>) =
        (ran.stdout.lines().collect(), kept.lines().collect());
    assert!(made == kept, "scripts/notices >crates/oa-core/NOTICES");
    for licence in ["BSD-3-Clause", "ISC", "CDLA-Permissive-2.0", "MIT"] {
        assert!(ran.stdout.contains(&format!("({licence})")), "{licence}");
    }
}

#[test]
fn what_the_checks_fetch_is_known_by_its_hash() {
    let needs = fs::read_to_string(root().join("tests/clients/requirements.txt")).unwrap();
    for package in needs
        .replace("\\\n", "")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        assert!(
            package.contains("==") && package.contains("--hash=sha256:"),
            "{package}"
        );
    }
    let lock = root().join("tests/contract/steady/package-lock.json");
    let lock: serde_json::Value = serde_json::from_slice(&fs::read(lock).unwrap()).unwrap();
    let packages = lock["packages"].as_object().unwrap();
    for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
        assert!(
            package["integrity"]
                .as_str()
                .unwrap()
                .starts_with("sha512-"),
            "{name}"
        );
        // From which registry is the affair of whoever runs it.
        assert!(package["resolved"].is_null(), "{name}");
    }
    for script in scripts() {
        let text = fs::read_to_string(&script).unwrap();
        for line in text.lines().filter(|line| line.contains("pip install")) {
            assert!(
                line.contains("--require-hashes"),
                "{}: {line}",
                script.display()
            );
        }
        assert!(!text.contains("npm install"), "{}", script.display());
    }
}
