//! What TAB does in the shells, with the completions where an installation puts them.

use super::session::start;
use crate::harness::{programs, root};
use crate::scene::Scene;

/// What is typed, with TABs, and the words that a program is then given.
const TYPED: [(&str, &[&str]); 5] = [
    (
        "oa-upload --expires-a\t 72h -P visi\t figu\t",
        &[
            "oa-upload",
            "--expires-after",
            "72h",
            "-P",
            "vision",
            "figure.png",
        ],
    ),
    ("oa-list batc\t", &["oa-list", "batches"]),
    (
        "oa-respond -n --reasoning-effort xh\t",
        &["oa-respond", "-n", "--reasoning-effort", "xhigh"],
    ),
    (
        "oa-respond -n --reques\t-f\t note\t --detail hi\t",
        &[
            "oa-respond",
            "-n",
            "--request-file",
            "notes.txt",
            "--detail",
            "high",
        ],
    ),
    (
        "oa-delete --as vect\t vs_1 --dry\t",
        &["oa-delete", "--as", "vector_store", "vs_1", "--dry-run"],
    ),
];

/// Types lines into a shell that is started so, and looks at what programs of ours are given.
fn completes(shell: &str, rc: &str, content: &str, line: &str) {
    let scene = Scene::new();
    if scene.sh(&format!("command -v {shell}")).status != 0 {
        // scripts/test says that it is skipped.
        return;
    }
    let (from, install) = (programs().display(), root().join("scripts/install"));
    let install = format!("'{}' --from '{from}'", install.display());
    scene.ok(&install);
    scene.ok("mkdir -p bin .config/fish");
    for (_, words) in TYPED {
        let program = format!("bin/{}", words[0]);
        let script = "#!/bin/sh\nprintf '%s\\n' \"${0##*/}\" \"$@\" >got\necho done\n";
        scene.file(&program, script);
        scene.ok(&format!("chmod 755 {program}"));
    }
    scene.file(rc, content);
    let mut session = start(&scene, "xterm", 200, line);
    for (typed, words) in TYPED {
        session.until_said("ready> ");
        session.press(&format!("{typed}\r"));
        session.until_said("done");
        assert_eq!(
            scene.read("got"),
            words.join("\n") + "\n",
            "{shell}: {typed}"
        );
    }
    session.press("exit\r");
    session.leave();
}

#[test]
fn bash_completes_options_values_and_paths() {
    // Debian's bash-completion finds them by itself; without it they are read as they are.
    let rc = "PS1='ready> ' PATH=~/bin:$PATH\n\
        if [ -r /usr/share/bash-completion/bash_completion ]; then . /usr/share/bash-completion/bash_completion\n\
        else for file in ~/.local/share/bash-completion/completions/*; do . $file; done; fi\n";
    completes("bash", "rc", rc, "exec bash --noprofile --rcfile rc -i");
}

#[test]
fn zsh_completes_options_values_and_paths() {
    let rc = "PROMPT='ready> ' PATH=~/bin:$PATH\nfpath+=(~/.local/share/zsh/site-functions)\n\
        autoload -U compinit; compinit -u\n";
    completes("zsh", ".zshrc", rc, "exec zsh -i");
}

#[test]
fn fish_completes_options_values_and_paths() {
    let rc = "set -p PATH ~/bin\nfunction fish_prompt; echo -n 'ready> '; end\n";
    completes("fish", ".config/fish/config.fish", rc, "exec fish -i");
}
