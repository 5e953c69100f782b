//! Help: on one screen, under its headings, in whole examples.

use std::collections::BTreeMap;

use crate::house::tools;
use crate::scene::Scene;

/// Rows and columns of a screen, with some room for what was typed.
const ROWS: usize = 40;
const COLUMNS: usize = 80;

/// Where the options stand that several tools have; all others of theirs are of the tool itself.
const HEADINGS: [(&str, &[&str]); 5] = [
    ("Input", &["null-input", "no-run-if-empty"]),
    (
        "Output",
        &["text", "allow-incomplete", "quiet", "verbose", "output"],
    ),
    ("Jobs", &["jobs", "keep-order", "unordered", "fail-fast"]),
    ("Search", &["max-num-results", "filter", "filter-json"]),
    (
        "Connection",
        &[
            "base-url",
            "api-key-file",
            "connect-timeout",
            "timeout",
            "retries",
            "max-wait",
            "retry-unknown",
            "cacert",
            "cert",
            "key",
            "keepalive-time",
            "allow-insecure-http",
        ],
    ),
];

fn help(scene: &Scene, tool: &str, option: &str) -> String {
    // Neither key nor server nor input is needed.
    let line = format!("env -u OPENAI_API_KEY -u OPENAI_BASE_URL {tool} {option} </dev/null");
    let ran = scene.ok(&line);
    assert_eq!(ran.stderr, "", "{tool} {option}");
    let wide = ran
        .stdout
        .lines()
        .find(|line| line.chars().count() > COLUMNS);
    assert_eq!(wide, None, "{tool} {option}");
    ran.stdout
}

/// The options of a help, each with its heading.
fn options(help: &str) -> BTreeMap<&str, &str> {
    let mut heading = "";
    let mut found = BTreeMap::new();
    for line in help.lines().take_while(|line| *line != "Examples:") {
        if let Some(title) = line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            heading = title;
        }
        // Text stands further to the right.
        let word = line.trim_start();
        if !word.starts_with('-') || line.len() - word.len() > 6 {
            continue;
        }
        let mut words = word.split([' ', '.']);
        let name = words.find_map(|word| word.strip_prefix("--"));
        found.extend(name.map(|name| (name, heading)));
    }
    found
}

#[test]
fn short_help_fits_a_screen_and_names_the_long_one() {
    let scene = Scene::new();
    for tool in tools() {
        let short = help(&scene, &tool, "-h");
        let rows = short.lines().count();
        assert!(rows <= ROWS, "{tool} -h: {rows} lines");
        let last = short.lines().last().unwrap();
        assert!(last.starts_with("Connection") && last.ends_with("--help"));
        assert!(!short.contains("--base-url"), "{tool}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn the_mock_has_a_short_help_and_a_long_one_and_breaks_no_line() {
    let scene = Scene::new();
    let (short, long) = (
        help(&scene, "oa-mock", "-h"),
        help(&scene, "oa-mock", "--help"),
    );
    assert!(short.lines().count() <= ROWS, "{short}");
    assert!(short.ends_with(": see --help\n"), "{short}");
    let (some, all) = (options(&short), options(&long));
    let name = |line: &str| line.trim_start().starts_with('-');
    let (_, rows) = short.split_once("Options:\n").unwrap();
    let mut rows = rows.lines().take_while(|line| !line.is_empty());
    assert_eq!(rows.find(|line| !name(line)), None, "{short}");
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        some.keys().collect::<Vec<_>>()
    );
    let word = |line: &&str| {
        let text = line.trim_start();
        !text.is_empty() && !text.contains(' ') && !text.ends_with(':')
    };
    let (_, end) = long.split_once("\nRules: ").unwrap();
    assert_eq!(end.lines().find(word), None);
    for section in [
        "\nLimits: ",
        "\nControls, ",
        "\nExamples:\n",
        "\nExit status: ",
    ] {
        assert!(long.contains(section), "{section}");
    }
}

#[test]
fn long_help_says_what_short_help_says_and_how_it_ends() {
    let scene = Scene::new();
    for tool in tools() {
        let (short, long) = (help(&scene, &tool, "-h"), help(&scene, &tool, "--help"));
        assert_eq!(short.lines().next(), long.lines().next());
        let (some, all) = (options(&short), options(&long));
        for (name, heading) in &some {
            assert_eq!(all.get(name), Some(heading), "{tool} --{name}");
        }
        assert!(all.len() > some.len() + 10, "{tool}");
        let (_, exits) = long.split_once("Exit status:\n").unwrap();
        for status in ["0 ", "10 ", "124 ", "129, 130, 143 ", "141 "] {
            let row = format!("  {status}");
            assert!(exits.lines().any(|line| line.starts_with(&row)), "{status}");
        }
    }
}

#[test]
fn every_option_stands_under_its_heading() {
    let scene = Scene::new();
    for tool in tools() {
        let long = help(&scene, &tool, "--help");
        for (name, heading) in options(&long) {
            let mut rows = HEADINGS.iter();
            let known = rows.find(|(_, names)| names.contains(&name));
            match known {
                Some((known, _)) => assert_eq!(heading, *known, "{tool} --{name}"),
                None => assert!(
                    ["Options", "Search"].contains(&heading),
                    "{tool} --{name}: {heading}"
                ),
            }
        }
        for (heading, names) in HEADINGS.iter().filter(|row| row.0 == "Connection") {
            for name in *names {
                assert_eq!(options(&long).get(name), Some(heading), "{tool} --{name}");
            }
        }
    }
}

#[test]
fn an_example_stands_on_one_line_that_a_shell_understands() {
    let scene = Scene::new();
    for tool in tools() {
        let long = help(&scene, &tool, "--help");
        let (_, examples) = long.split_once("Examples:\n").unwrap();
        let examples: Vec<&str> = examples
            .lines()
            .take_while(|line| !line.is_empty())
            .collect();
        assert!(examples.len() > 1 && examples.concat().contains(&tool));
        for example in examples {
            assert!(example.starts_with("  "), "{tool}: {example}");
            scene.file("example", example).ok("bash -n example");
        }
    }
}

#[test]
fn a_tool_that_reads_no_stdin_speaks_of_none_and_takes_r_all_the_same() {
    let scene = Scene::new();
    for option in ["-h", "--help"] {
        let help = help(&scene, "oa-list", option);
        assert!(!options(&help).contains_key("no-run-if-empty"));
    }
    scene.ok("oa-list -r files");
    for tool in tools().iter().filter(|tool| *tool != "oa-list") {
        let long = help(&scene, tool, "--help");
        assert!(options(&long).contains_key("no-run-if-empty"), "{tool}");
    }
}
