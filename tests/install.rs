//! `scripts/install`: what it puts where, and what it takes away.

use crate::harness::{programs, root};
use crate::house::tools;
use crate::scene::{Ran, Scene};

/// Runs the script with the programs that are built already.
fn install(scene: &Scene, before: &str, options: &str) -> Ran {
    let (script, from) = (root().join("scripts/install"), programs().display());
    scene.sh(&format!(
        "{before} '{}' --from '{from}' {options}",
        script.display()
    ))
}

fn uninstall(scene: &Scene, options: &str) -> Ran {
    let script = root().join("scripts/install");
    scene.sh(&format!("'{}' --uninstall {options}", script.display()))
}

/// Every name below a folder.
fn names(scene: &Scene, folder: &str) -> String {
    scene
        .ok(&format!("cd '{folder}' && find . | LC_ALL=C sort"))
        .stdout
}

#[test]
fn every_tool_comes_with_its_page_and_its_completions_and_the_mock_stays_out() {
    let scene = Scene::new();
    let ran = install(&scene, "", "--prefix 'a b/c'").is(0);
    let names = names(&scene, "a b/c");
    for tool in tools() {
        for file in [
            format!("bin/{tool}"),
            format!("share/man/man1/{tool}.1"),
            format!("share/bash-completion/completions/{tool}"),
            format!("share/zsh/site-functions/_{tool}"),
            format!("share/fish/vendor_completions.d/{tool}.fish"),
        ] {
            assert!(names.contains(&format!("./{file}\n")), "{file}");
        }
        assert!(ran.stdout.contains(&tool), "{}", ran.stdout);
    }
    assert!(!names.contains("oa-mock") && !names.contains("oa-pages") && !names.contains(".oa-"));
    for licence in ["LICENSE", "NOTICES"] {
        assert!(names.contains(&format!("./share/doc/oa/{licence}\n")));
    }
    ran.says(&["a b/c/bin is not in PATH"]);
    let version = scene.ok("'a b/c/bin/oa-upload' --version; stat -c %a 'a b/c/bin/oa-upload'");
    assert!(version.stdout.ends_with("\n755\n"), "{}", version.stdout);
}

#[test]
fn what_was_there_before_is_there_after_the_uninstallation_and_nothing_else() {
    let scene = Scene::new();
    scene.ok("mkdir -p mine/bin mine/share/man/man1 'elsewhere'");
    scene.file("mine/bin/oa-other", "x");
    for (prefix, exists) in [("mine", true), ("elsewhere/new", false)] {
        let before = names(&scene, ".");
        let prefix = format!("--prefix {prefix}");
        install(&scene, "", &prefix).is(0);
        install(&scene, "", &prefix).is(0);
        uninstall(&scene, &prefix).is(0);
        assert_eq!(names(&scene, "."), before, "{exists}");
        uninstall(&scene, &prefix)
            .is(1)
            .says(&["nothing is installed"]);
    }
}

#[test]
fn what_an_older_version_had_goes_and_a_list_that_was_meddled_with_reaches_nothing_else() {
    let scene = Scene::new();
    install(&scene, "", "--prefix p").is(0);
    scene.file("p/bin/oa-old", "x").file("precious", "x");
    let path = scene.path("precious").display().to_string();
    scene.ok(&format!(
        "printf '%s\\n' bin/oa-old ../precious bin/../../precious '{path}' >>p/share/doc/oa/installed"
    ));
    install(&scene, "", "--prefix p").is(0);
    assert!(!scene.path("p/bin/oa-old").exists() && scene.path("precious").exists());
    scene.ok(&format!(
        "printf '%s\\n' ../precious bin/../../precious '{path}' >>p/share/doc/oa/installed"
    ));
    uninstall(&scene, "--prefix p").is(0);
    assert!(!scene.path("p").exists() && scene.path("precious").exists());
}

#[test]
fn packagers_get_it_below_a_root_of_their_own() {
    let scene = Scene::new();
    install(&scene, "DESTDIR=$PWD/root", "--prefix /usr").is(0);
    assert!(scene.path("root/usr/bin/oa-poll").exists());
    let list = scene.read("root/usr/share/doc/oa/installed");
    assert!(list.lines().all(|line| !line.contains("root")), "{list}");
    let ran = scene.sh(&format!(
        "DESTDIR=root '{}' --uninstall --prefix=/usr",
        root().join("scripts/install").display()
    ));
    ran.is(0);
    assert!(!scene.path("root/usr").exists());
}

#[test]
fn what_is_missing_is_named_before_anything_is_put_anywhere() {
    let scene = Scene::new();
    let script = root().join("scripts/install").display().to_string();
    scene.ok("mkdir empty; touch file");
    for (options, status, said) in [
        ("--from empty", 1, "holds no oa-pages"),
        ("--prefix", 2, "--prefix needs a folder"),
        ("--prefix ''", 2, "--prefix needs a folder"),
        ("--bogus", 2, "unknown option --bogus"),
    ] {
        scene
            .sh(&format!("'{script}' {options}"))
            .is(status)
            .says(&[said]);
    }
    install(&scene, "", "--prefix file/x")
        .is(1)
        .says(&["file/x", "--prefix"]);
}
