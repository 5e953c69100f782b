//! scripts/release: a release is whole or nothing, and published by nobody but a person.

use crate::harness::root;
use crate::scene::{Ran, Scene};

/// What the script needs and a test does not: each says only how it was called.
const STUBS: [&str; 10] = [
    "cargo",
    "cargo-deb",
    "curl",
    "dpkg-deb",
    "dpkg-shlibdeps",
    "lintian",
    "node",
    "npm",
    "python3",
    "strip",
];

/// A small repository with the script, the true manifests, and stubs of what takes long.
fn repository() -> Scene {
    let scene = Scene::new();
    scene.ok("mkdir -p repo/scripts repo/tests/fuzz bin");
    let root = root().display().to_string();
    for file in [
        "scripts/release",
        "Cargo.toml",
        "Cargo.lock",
        "tests/fuzz/Cargo.lock",
    ] {
        scene.ok(&format!("cp '{root}/{file}' 'repo/{file}'"));
    }
    let script = |text: &str| format!("#!/usr/bin/env bash\nset -euo pipefail\n{text}");
    for stub in STUBS {
        scene.file(
            &format!("bin/{stub}"),
            script("echo \"$0 $*\" >>~/called\n"),
        );
    }
    let install = "mkdir -p \"$DESTDIR$2/bin\"; echo tool >\"$DESTDIR$2/bin/oa-upload\"\n";
    let package =
        "mkdir -p target/deb; echo deb >target/deb/oa.deb; echo \"$PWD/target/deb/oa.deb\"\n";
    scene
        .file("bin/rustc", script("echo 'host: x86-test'\n"))
        .file(
            "repo/scripts/test",
            script("test \"$*\" = --require-all\ntest ! -e ~/broken\n"),
        )
        .file("repo/scripts/install", script(install))
        .file("repo/scripts/deb", script(package))
        .file("repo/.gitignore", "target/\n")
        .file(
            "repo/CHANGELOG.md",
            "# Changelog\n\n## Unreleased\n\n- A thing.\n",
        );
    scene.ok("chmod +x bin/* repo/scripts/*");
    scene.ok("git config --global user.name T; git config --global user.email t@example.com");
    scene.ok("cd repo; git init -q -b main; git add -A; git commit -q -m 'All of it'");
    scene
}

/// Runs the script in the repository, with the stubs in front of what is installed.
fn release(scene: &Scene, words: &str) -> Ran {
    scene.sh(&format!(
        "cd repo; PATH=~/bin:$PATH scripts/release {words}"
    ))
}

/// What tells one state of a repository from another.
fn state(scene: &Scene) -> String {
    let line = "cd repo; git rev-parse HEAD; git tag; git status --porcelain; git worktree list; cat Cargo.toml";
    scene.ok(line).stdout
}

#[test]
fn a_release_is_committed_tagged_packed_and_published_by_nobody() {
    let scene = repository();
    release(&scene, "9.8.7").is(0);
    let log = scene
        .ok("cd repo; git log --format='%s %D'; git status --porcelain; git worktree list | wc -l");
    assert!(
        log.stdout
            .starts_with("Release 9.8.7 HEAD -> main, tag: v9.8.7\n"),
        "{}",
        log.stdout
    );
    assert!(log.stdout.ends_with("\n1\n"), "{}", log.stdout);
    let changelog = scene.read("repo/CHANGELOG.md");
    assert!(
        changelog.starts_with("# Changelog\n\n## Unreleased\n\n## 9.8.7 - 20"),
        "{changelog}"
    );
    assert!(changelog.ends_with("\n\n- A thing.\n"), "{changelog}");
    let manifest = scene.read("repo/Cargo.toml");
    assert!(manifest.contains("\nversion = \"9.8.7\"\n"), "{manifest}");
    scene.ok("cd repo/target/oa-9.8.7; sha256sum --check --quiet SHA256SUMS; test $(wc -l <SHA256SUMS) = 3");
    let packed = scene.ok("cd repo/target/oa-9.8.7; ls; tar tf oa-9.8.7-x86-test.tar.gz; tar tf oa-9.8.7-source.tar.gz");
    for name in [
        "oa.deb",
        "oa-9.8.7-x86-test/bin/oa-upload",
        "oa-9.8.7/Cargo.lock",
    ] {
        assert!(
            packed.stdout.lines().any(|line| line == name),
            "{name}: {}",
            packed.stdout
        );
    }
    // Nobody called cargo, which alone could publish.
    assert_ne!(scene.sh("cat called").status, 0);
}

#[test]
fn every_package_of_ours_gets_the_version_and_no_other_one() {
    let scene = repository();
    release(&scene, "--no-deb 9.8.7").is(0);
    for lock in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        let changed = scene
            .ok(&format!("cd repo; git diff HEAD~1 --unified=1 {lock}"))
            .stdout;
        let named = changed.lines().filter(|line| line.starts_with(" name = "));
        let (ours, others): (Vec<&str>, Vec<&str>) =
            named.partition(|line| line.starts_with(" name = \"oa-"));
        assert_eq!(others, Vec::<&str>::new(), "{lock}");
        let counted = changed.matches("\n+version = \"9.8.7\"").count();
        assert!(counted > 3 && counted == ours.len(), "{lock}: {changed}");
        assert_eq!(
            changed.matches("\n+").count(),
            counted + 1,
            "{lock}: {changed}"
        );
    }
}

#[test]
fn a_release_that_fails_or_is_only_shown_changes_nothing() {
    let scene = repository();
    let before = state(&scene);
    let shown = release(&scene, "--dry-run 9.8.7").is(0);
    assert!(
        shown.stdout.contains("\n+## 9.8.7 - 20"),
        "{}",
        shown.stdout
    );
    assert_eq!(state(&scene), before);
    scene.ok("touch broken");
    release(&scene, "9.8.7")
        .is(1)
        .says(&["the tests do not pass"]);
    assert_eq!(state(&scene), before);
}

#[test]
fn what_a_release_lacks_is_said_before_anything_is_done() {
    let scene = repository();
    let before = state(&scene);
    scene
        .ok("mkdir few; for p in awk bash dirname git sed; do ln -s $(command -v $p) few/$p; done");
    let ran = scene
        .sh("cd repo; PATH=~/few bash scripts/release 9.8.7")
        .is(1);
    ran.says(&[
        "missing: cargo ",
        " cargo-deb ",
        " npm ",
        "https://rustup.rs",
    ]);
    release(&scene, "0.0.1 --dry-run")
        .is(1)
        .says(&["0.0.1 is older than "]);
    release(&scene, "soon").is(2).says(&["not a version"]);
    release(&scene, "").is(2).says(&["which version?"]);
    assert_eq!(state(&scene), before);
    scene.ok("cd repo; git tag v9.8.7");
    release(&scene, "--dry-run 9.8.7")
        .is(1)
        .says(&["tagged already"]);
    scene.ok("cd repo; sed -i '/A thing/d' CHANGELOG.md");
    release(&scene, "--dry-run 9.8.8")
        .is(1)
        .says(&["not committed"]);
    scene.ok("cd repo; git commit -qam 'Say nothing'");
    release(&scene, "--dry-run 9.8.8")
        .is(1)
        .says(&["says nothing under"]);
}
