//! The README's lines of shell do what it says they do.

use std::fs;

use crate::harness::root;
use crate::scene::{PDF, PNG, Scene};

/// The `sh` blocks, apart from those that say they are not to be run.
fn blocks(text: &str) -> Vec<String> {
    let fenced = text.split("```sh\n").skip(1);
    let blocks = fenced.map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks
        .filter(|block| !block.starts_with("# not run"))
        .collect()
}

#[test]
fn every_block_of_the_readme_runs_and_leaves_nothing_behind() {
    let text = fs::read_to_string(root().join("README.md")).expect("a README");
    let scene = Scene::new();
    scene
        .file("worksheet.pdf", PDF)
        .file("long_report.pdf", PDF)
        .file("diagram.png", PNG);
    scene.ok("mkdir handbook");
    scene
        .file(
            "handbook/research.md",
            "Deep research searches many sources.\n",
        )
        .file("handbook/office.md", "The office is closed on Fridays.\n");
    let blocks = blocks(&text);
    assert!(!blocks.is_empty(), "no block of shell in the README");
    for block in blocks {
        // Every command of a block has to succeed, those in the middle of a pipe included.
        let ran = scene.sh(&format!("set -euo pipefail\n{block}"));
        assert_eq!(ran.status, 0, "{block}\n{}", ran.stderr);
    }
    scene.nothing_left();
}
