//! `-t`: the text and nothing else on stdout, and what the text cannot say on stderr.

use crate::scene::Scene;

/// The notes on stderr about what is left.
fn left(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines();
    lines
        .filter(|line| line.contains("left on the server"))
        .collect()
}

#[test]
fn text_in_the_middle_of_a_pipe_names_what_it_leaves_on_the_server() {
    let scene = Scene::new();
    let ran = scene.ok("oa-upload notes.txt | oa-respond -p why -t");
    let id = scene.ledger().files[0]["id"].as_str().unwrap().to_owned();
    let wanted = format!("oa-respond: left on the server: {id}; `| oa-delete -t` would delete it");
    assert_eq!(left(&ran.stderr), [wanted]);
    let ran = scene.ok("oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms -t");
    let wanted = format!(
        "oa-poll: left on the server: {}; `| oa-delete -t` would delete it",
        scene.ledger().files[1]["id"].as_str().unwrap()
    );
    assert_eq!(left(&ran.stderr), [wanted]);
}

#[test]
fn text_at_the_end_of_a_pipe_that_cleans_up_leaves_nothing_to_name() {
    let scene = Scene::new();
    for line in [
        "oa-upload notes.txt | oa-respond -p why | oa-delete -t",
        "oa-respond -n -p why -t",
    ] {
        let ran = scene.ok(line);
        assert_eq!(left(&ran.stderr), [""; 0], "{line}");
    }
    scene.nothing_left();
}

#[test]
fn text_is_in_input_order_though_the_first_answer_comes_last() {
    let scene = Scene::with(&["--looks", "1"]);
    scene.ok("oa-respond -n -b -p first >jobs");
    let id = scene.ok("jq -r .response.id jobs").stdout;
    scene.ok("oa-respond -n -b -p second >>jobs");
    let rule = format!("GET /responses/{} delay ms=250", id.trim());
    scene.mock.fault(&rule);
    let wanted = "gpt-5.2 was asked \"first\"\ngpt-5.2 was asked \"second\"\n";
    for line in ["oa-poll -t <jobs", "oa-poll -t --unordered <jobs"] {
        assert_eq!(scene.ok(line).stdout, wanted, "{line}");
    }
}
