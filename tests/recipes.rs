//! The recipes: each does what its first lines promise, with odd names, and leaves nothing behind.

mod answers;
mod base;
mod care;
mod chat;
mod guests;
mod interrupts;
mod leading;
mod lists;
mod many;
mod nights;
mod stages;
mod tables;
mod talks;
mod ways;

use std::fs;

use crate::harness::root;
use crate::scene::{PDF, Ran, Running, Scene};

/// A line of shell in which `$R` is the folder of the recipes.
fn line(line: &str) -> String {
    format!("R='{}'; {line}", root().join("scripts/recipes").display())
}

fn sh(scene: &Scene, text: &str) -> Ran {
    scene.sh(&line(text))
}

fn ok(scene: &Scene, text: &str) -> Ran {
    sh(scene, text).is(0)
}

fn start(scene: &Scene, text: &str) -> Running {
    scene.start(&line(text))
}

/// Documents `0.pdf`, `1.pdf` and so on, no two of the same bytes.
fn documents(scene: &Scene, count: usize) {
    for n in 0..count {
        let bytes = [PDF, format!("%{n}\n").as_bytes()].concat();
        scene.file(&format!("{n}.pdf"), bytes);
    }
}

/// Whether programs are there that a recipe is for; `scripts/test` says that they are not, and has CI install them.
fn are_there(scene: &Scene, programs: &str) -> bool {
    let there = scene.sh(&format!("PATH=$PATH:/usr/sbin; command -v {programs}"));
    let wanted = programs.split(' ').count();
    there.stdout.lines().count() == wanted
}

#[test]
fn every_recipe_says_what_it_does_and_stands_in_the_table() {
    let folder = root().join("scripts/recipes");
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name == "README.md" {
            continue;
        }
        assert!(page.contains(&format!("[`{name}`]({name})")), "{name}");
        let text = fs::read_to_string(entry.path()).unwrap();
        let script = text.strip_prefix("#!/usr/bin/env bash\n");
        assert!(script.unwrap_or(&text).starts_with('#'), "{name}");
        assert!(
            script.is_none() || text.contains("\nset -euo pipefail\n"),
            "{name}"
        );
    }
}

#[test]
fn every_script_shows_its_first_comment_where_it_is_not_called_as_it_wants() {
    let scene = Scene::new();
    for entry in fs::read_dir(root().join("scripts/recipes")).unwrap() {
        let entry = entry.unwrap();
        let (name, text) = (
            entry.file_name().into_string().unwrap(),
            fs::read_to_string(entry.path()).unwrap(),
        );
        if !text.starts_with("#!") {
            continue;
        }
        let comment = text
            .lines()
            .skip(1)
            .filter(|line| !line.starts_with("#SBATCH"));
        let comment: Vec<&str> = comment.map_while(|line| line.strip_prefix("# ")).collect();
        let comment = comment.join("\n") + "\n";
        for option in ["-h", "--help"] {
            let ran = ok(&scene, &format!("$R/{name} {option}"));
            assert_eq!((ran.stdout, ran.stderr), (comment.clone(), String::new()));
        }
        let ran = sh(&scene, &format!("$R/{name}")).is(2);
        assert_eq!((ran.stdout, ran.stderr), (String::new(), comment), "{name}");
    }
    assert!(scene.ledger().requests.is_empty());
}

#[test]
fn the_example_of_the_page_runs_from_the_clone() {
    let scene = Scene::new();
    let page = fs::read_to_string(root().join("scripts/recipes/README.md")).unwrap();
    let example = page.lines().find_map(|line| line.strip_prefix("    "));
    let line = format!("cd '{}' && {}", root().display(), example.unwrap());
    let ran = scene.ok(&line);
    assert!(
        ran.stdout.contains("input_file report.pdf"),
        "{}",
        ran.stdout
    );
}
