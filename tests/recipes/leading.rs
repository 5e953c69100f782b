//! Names that begin with a hyphen, as arguments and behind options.

use super::{are_there, ok, sh};
use crate::scene::{PDF, PNG, Scene};

#[test]
fn a_name_that_looks_like_an_option_is_a_name() {
    let scene = Scene::new();
    scene.file("-x.pdf", PDF).file("-x.png", PNG);
    scene.file("-q", "Why?\n");
    scene.file(
        "-schema.json",
        "{\"type\":\"object\",\"properties\":{},\"required\":[],\"additionalProperties\":false}",
    );
    let lines = [
        "$R/picture-to-latex -x.png && mv -- -x.tex picture",
        "$R/pdf-to-latex -x.pdf && test -s ./-x.tex",
        "$R/many-files Why -x.pdf",
        "$R/many-questions -x.pdf <./-q",
        "$R/follow-up -x.pdf <./-q",
        "$R/filter-in-the-pipe -x.pdf",
        "$R/chat-by-id -x.pdf -y",
        "$R/chat-inline -x.pdf -y",
        "$R/structured -schema.json true -x.pdf",
        "printf '%s\\n' -x.pdf | $R/overnight -night.jsonl -p Why && test -s ./-night.jsonl",
        "mkdir ./-pics && cp ./-x.png ./-pics && $R/captions -pics | grep input_image",
        "(echo question; echo -y) >./-in.csv; $R/csv-to-csv -in.csv -out.csv && grep -q asked ./-out.csv",
        "mkdir make && cp ./-x.pdf make && cd make && make -s -f $R/Makefile && test -s ./-x.summary.txt",
        "cd make && rm ./-x.summary.txt && make -s -f $R/staged.mk && test -s ./-x.summary.txt",
    ];
    for line in lines {
        ok(&scene, line);
        scene.nothing_left();
    }
    ok(
        &scene,
        "git init -q . && git add notes.txt && $R/review-diff -q --cached",
    );
}

#[test]
fn what_failed_is_tried_again_from_a_name_that_looks_like_an_option() {
    let scene = Scene::faulty("POST /responses end status=failed x1");
    let line = "oa-upload report.pdf | oa-respond -p Why | oa-delete --output=-x.jsonl";
    sh(&scene, line).is(8);
    ok(
        &scene,
        "$R/retry-failed -x.jsonl -p Why && test -s ./-x.jsonl",
    );
    scene.nothing_left();
}

#[test]
fn parallel_takes_names_with_hyphens_and_line_breaks() {
    let scene = Scene::new();
    if !are_there(&scene, "parallel") {
        return;
    }
    scene.file("-x.pdf", PDF).file("a\nb.pdf", PDF);
    ok(&scene, "$R/with-parallel Why -x.pdf $'a\\nb.pdf'");
    for name in ["-x.pdf.json", "a\nb.pdf.json"] {
        assert!(scene.read(name).contains("completed"), "{name}");
    }
    scene.nothing_left();
}

#[test]
fn snakemake_takes_a_name_with_a_hyphen() {
    let scene = Scene::new();
    if !are_there(&scene, "snakemake") {
        return;
    }
    scene.file("-x.pdf", PDF);
    ok(
        &scene,
        "snakemake -q -s $R/Snakefile --cores 1 --resources api=1",
    );
    assert!(scene.read("-x.summary.txt").contains("sha256"));
    scene.nothing_left();
}
