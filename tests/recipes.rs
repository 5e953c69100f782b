//! The recipes: each does what its first lines promise, with odd names, and leaves nothing behind.

mod answers;
mod base;
mod chat;
mod many;
mod nights;
mod stages;
mod tables;
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
