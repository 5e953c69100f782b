//! The README and the pages beside it do what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::harness::root;
use crate::scene::{PDF, PNG, Scene};

/// The README, and every page of `docs`.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let docs = fs::read_dir(root().join("docs")).unwrap();
    pages.extend(docs.map(|entry| entry.unwrap().path()));
    pages.retain(|path| path.extension().is_some_and(|end| end == "md"));
    pages.sort();
    pages
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("a README")
}

/// The `sh` blocks, apart from those that say they are not to be run.
fn blocks(text: &str) -> Vec<String> {
    let fenced = text.split("```sh\n").skip(1);
    let blocks = fenced.map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks
        .filter(|block| !block.starts_with("# not run"))
        .collect()
}

/// All sources of the programs as one line, so that a text may go over the end of one.
fn sources() -> String {
    let mut text = String::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end == "rs" || end == "json")
            {
                text += &fs::read_to_string(&path).unwrap();
            }
        }
    }
    let joined = text.replace("\\\n", " ").replace("\\\"", "\"");
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a page's blocks, one after the other in one folder; gives their number.
fn run(page: &Path) -> usize {
    let text = fs::read_to_string(page).unwrap();
    let scene = Scene::new();
    scene
        .file("README.md", readme())
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
    for block in &blocks {
        // Every command of a block has to succeed, those in the middle of a pipe included.
        let ran = scene.sh(&format!("set -euo pipefail\n{block}"));
        assert_eq!(ran.status, 0, "{block}\n{}", ran.stderr);
    }
    scene.nothing_left();
    blocks.len()
}

#[test]
fn every_block_of_every_page_runs_and_leaves_nothing_behind() {
    let pages = pages();
    let counts: Vec<usize> = thread::scope(|scope| {
        let running: Vec<_> = pages.iter().map(|page| scope.spawn(|| run(page))).collect();
        running
            .into_iter()
            .map(|page| page.join().unwrap())
            .collect()
    });
    assert!(counts.iter().sum::<usize>() > 0, "no block of shell");
}

#[test]
fn the_readme_is_no_book() {
    assert!(readme().lines().count() < 400);
}

/// What a heading is called in an address.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let name: String = heading.to_lowercase().chars().filter(kept).collect();
    name.replace(' ', "-")
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http")) {
            let (path, part) = link.split_once('#').unwrap_or((link, ""));
            let place = if path.is_empty() {
                page.clone()
            } else {
                page.with_file_name(path)
            };
            assert!(place.exists(), "{}: {link}", page.display());
            if !part.is_empty() {
                let there = fs::read_to_string(&place).unwrap();
                let mut headings = there.lines().filter(|line| line.starts_with('#'));
                let found =
                    headings.any(|line| anchor(line.trim_start_matches(['#', ' '])) == part);
                assert!(found, "{}: {link}", page.display());
            }
            count += 1;
        }
    }
    assert!(count > 0, "no link");
}

/// What the README allows each tool: methods and paths.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = readme();
    let section = text.split("| tool | methods and paths |").nth(1).unwrap();
    let rows = section.lines().skip(2).take_while(|line| !line.is_empty());
    let row = |line: &str| {
        let mut words = line.split('`').skip(1).step_by(2).map(str::to_owned);
        let tool = words.next().unwrap();
        (tool, words.filter(|word| word.contains(" /")).collect())
    };
    rows.map(row).collect()
}

/// A path below the base URL with `ID` for each id.
fn shape(path: &str) -> String {
    let below = path.strip_prefix("/v1").unwrap();
    // No word of the API's paths is so long.
    let is_id = |segment: &str| segment.len() > 16;
    let segments = below
        .split('/')
        .map(|segment| if is_id(segment) { "ID" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Pipes that make the tools ask for all that they ask for, if things go wrong, too.
const PIPES: [(&str, &str); 12] = [
    (
        "",
        "oa-upload notes.txt | oa-respond -b -p x | oa-poll | oa-delete --responses",
    ),
    ("", "oa-upload notes.txt | oa-respond -b -p x | oa-delete"),
    (
        "",
        "oa-respond -n -p x --max-input-tokens 1; oa-respond -n -p x -b | oa-poll --cancel",
    ),
    (
        "",
        "oa-upload notes.txt | jq -c '.files[0] | {files: [{id}]}' | oa-respond -p x",
    ),
    (
        "",
        "oa-respond -n -m gpt-5-nope -p x; for what in files stores batches models; do oa-list $what; done",
    ),
    (
        "POST /responses cut-stream events=2 x1",
        "oa-respond -n -b --stream -p x",
    ),
    (
        "POST /responses/*/cancel 409",
        "oa-respond -n -b -p x | oa-delete",
    ),
    ("", "oa-respond -n -p x --dry-run | oa-batch | oa-delete"),
    (
        "",
        "oa-respond -n -p y --dry-run | oa-batch --submit | tee b | oa-batch --cancel; oa-delete <b",
    ),
    (
        "",
        "oa-upload a.md | oa-index | tee i | oa-search -p x; oa-list store-files $(jq -r .vector_store.id i); oa-upload notes.txt | oa-index --into $(jq -r .vector_store.id i) | oa-delete; oa-delete <i",
    ),
    (
        "POST /vector_stores/*/file_batches 404",
        "oa-upload a.md | oa-index | oa-delete",
    ),
    (
        "POST /vector_stores/** end status=failed",
        "oa-upload a.md notes.txt | oa-index | oa-delete",
    ),
];

#[test]
fn no_tool_asks_for_what_the_allow_list_does_not_name() {
    let allowed = allowed();
    let mut asked = BTreeMap::<String, BTreeSet<String>>::new();
    for (fault, line) in PIPES {
        let scene = Scene::new();
        scene.file("a.md", "Text.\n");
        if !fault.is_empty() {
            scene.mock.fault(fault);
        }
        scene.sh(line);
        for request in scene.ledger().requests {
            let agent = &request.headers["user-agent"];
            let tool = agent.split('/').next().unwrap().to_owned();
            let wanted = format!("{} {}", request.method, shape(&request.path));
            assert!(allowed[&tool].contains(&wanted), "{tool}: {wanted}: {line}");
            asked.entry(tool).or_default().insert(wanted);
        }
    }
    // Nearly all of the list was asked for: the pipes are the right ones.
    let count = |lists: &BTreeMap<String, BTreeSet<String>>| {
        lists.values().map(BTreeSet::len).sum::<usize>()
    };
    let missing = count(&allowed) - count(&asked);
    assert!(
        missing < 5,
        "{missing} of the list not asked for: {asked:#?}"
    );
}

#[test]
fn every_message_that_the_readme_explains_is_one_of_ours() {
    let (text, sources) = (readme(), sources());
    let section = text.split("## When it says…").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for row in rows {
        let seen = row.split(" | ").next().unwrap();
        let seen = seen.trim_start_matches("| ");
        let texts: Vec<&str> = match seen.strip_prefix("`` ") {
            Some(rest) => vec![rest.split(" ``").next().unwrap()],
            None => seen.split('`').skip(1).step_by(2).collect(),
        };
        for part in texts.iter().flat_map(|text| text.split('…')) {
            let part = part.trim();
            assert!(sources.contains(part), "nobody says {part:?}: {row}");
        }
        count += 1;
    }
    assert!(count > 0, "no message in the README");
}
