//! What a command line tells that could not be read as a whole.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::{Arg, Command};

/// The options that stand on a command line, right or wrong, and the words that belong to none.
#[derive(Default)]
pub struct Glance {
    options: Vec<(String, OsString)>,
    operands: Vec<OsString>,
}

impl Glance {
    /// Looks over the words of a command line, the program's name first.
    pub(super) fn of(command: &Command, words: &[OsString]) -> Glance {
        let mut glance = Glance::default();
        let mut rest = words.get(1..).unwrap_or_default();
        while let [word, after @ ..] = rest {
            rest = after;
            let next = after.first().map(OsString::as_os_str);
            let took = match word.as_bytes() {
                b"--" => {
                    glance.operands.extend_from_slice(rest);
                    return glance;
                }
                [b'-', b'-', name @ ..] => glance.long(command, name, next),
                [b'-', letters @ ..] if !letters.is_empty() => glance.short(command, letters, next),
                _ => {
                    glance.operands.push(word.clone());
                    false
                }
            };
            rest = &rest[usize::from(took)..];
        }
        glance
    }

    /// Takes `--name` or `--name=value`; says whether the next word is its value.
    fn long(&mut self, command: &Command, name: &[u8], next: Option<&OsStr>) -> bool {
        let (name, value) = match name.iter().position(|byte| *byte == b'=') {
            Some(at) => (&name[..at], Some(&name[at + 1..])),
            None => (name, None),
        };
        let known = |arg: &&Arg| arg.get_long().is_some_and(|long| long.as_bytes() == name);
        self.option(command.get_arguments().find(known), value, next)
    }

    /// Takes `-abc`, or `-ovalue`; says whether the next word is a value.
    fn short(&mut self, command: &Command, letters: &[u8], next: Option<&OsStr>) -> bool {
        for (at, letter) in letters.iter().enumerate() {
            let known = |arg: &&Arg| arg.get_short() == Some(char::from(*letter));
            let arg = command.get_arguments().find(known);
            let rest = &letters[at + 1..];
            let takes = arg.map(|arg| arg.get_action().takes_values());
            if takes == Some(false) {
                self.option(arg, None, None);
            } else if takes == Some(true) || rest.is_empty() {
                let value = rest.strip_prefix(b"=").unwrap_or(rest);
                return self.option(arg, (!rest.is_empty()).then_some(value), next);
            }
        }
        false
    }

    fn option(&mut self, arg: Option<&Arg>, value: Option<&[u8]>, next: Option<&OsStr>) -> bool {
        let begins_option = |word: &OsStr| word.len() > 1 && word.as_bytes().starts_with(b"-");
        // A word behind an option that nobody knows may be its value.
        let (takes, hyphens) = match arg {
            Some(arg) => (
                arg.get_action().takes_values(),
                arg.is_allow_hyphen_values_set(),
            ),
            None => (true, false),
        };
        let follows =
            next.filter(|word| takes && value.is_none() && (hyphens || !begins_option(word)));
        let value = value.map(OsStr::from_bytes).or(follows);
        if let Some(arg) = arg {
            let value = value.unwrap_or_default().to_owned();
            self.options.push((arg.get_id().to_string(), value));
        }
        follows.is_some()
    }

    /// Whether an option stands there.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.options.iter().any(|(name, _)| name == id)
    }

    /// The last value of an option, if it has one.
    #[must_use]
    pub fn value(&self, id: &str) -> Option<&OsStr> {
        let found = self.options.iter().rev().find(|(name, _)| name == id);
        found
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// All values of some options.
    pub fn values<'a>(&'a self, ids: &'a [&str]) -> impl Iterator<Item = &'a OsStr> {
        let named = self
            .options
            .iter()
            .filter(|(id, _)| ids.contains(&id.as_str()));
        named.map(|(_, value)| value.as_os_str())
    }

    /// The words that are no options; one that may be the value of an option that nobody knows is not among them.
    #[must_use]
    pub fn operands(&self) -> &[OsString] {
        &self.operands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(line: &str) -> (Vec<String>, Vec<OsString>) {
        let flag = |id, letter| {
            Arg::new(id)
                .short(letter)
                .long(id)
                .action(clap::ArgAction::SetTrue)
        };
        let value = |id, letter| Arg::new(id).short(letter).long(id);
        let command = Command::new("oa-test")
            .args([flag("text", 't'), flag("quiet", 'q'), value("output", 'o')])
            .arg(value("prompt", 'p').allow_hyphen_values(true));
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let glance = Glance::of(&command, &words);
        let option = |(id, value): &(String, OsString)| format!("{id}={}", value.display());
        (glance.options.iter().map(option).collect(), glance.operands)
    }

    #[test]
    fn options_are_seen_wherever_they_stand_and_whatever_else_is_wrong() {
        let cases: [(&str, &[&str], &[&str]); 9] = [
            ("x -t a", &["text="], &["a"]),
            ("x -qto f a", &["quiet=", "text=", "output=f"], &["a"]),
            ("x -of --text", &["output=f", "text="], &[]),
            ("x --output=f --prompt -t", &["output=f", "prompt=-t"], &[]),
            ("x -o -t", &["output=", "text="], &[]),
            ("x --bogus a -t b", &["text="], &["b"]),
            ("x -Zt a -Z b", &["text="], &["a"]),
            ("x --bogus=1 a -- -t", &[], &["a", "-t"]),
            ("x -", &[], &["-"]),
        ];
        for (line, options, operands) in cases {
            let (seen, words) = glance(line);
            assert_eq!(seen, options, "{line}");
            assert_eq!(words, operands, "{line}");
        }
    }
}
