//! Rules for what goes wrong: `METHOD PATH ACTION [key=value…] [xN] [skip=K] [percent=P seed=S]`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

use crate::faults::action::Action;
use crate::faults::keys::Keys;

/// The method of the rules for the requests of Batches, which no other rule hits.
pub(crate) const LINE: &str = "LINE";

/// A rule and how many requests it has seen.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The rule as it was written.
    pub(crate) text: String,
    method: String,
    path: Vec<String>,
    pub(crate) action: Action,
    times: Option<u64>,
    skip: u64,
    seen: u64,
    chance: Option<f64>,
    seed: u64,
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Rule, String> {
        let mut words = words(text)?.into_iter();
        let mut next = |what: &str| {
            words
                .next()
                .ok_or_else(|| format!("no {what} in the rule '{text}'"))
        };
        let (method, path, action) = (next("method")?, next("path")?, next("action")?);
        if !path.starts_with('/') {
            return Err(format!("a path starts with /, not '{path}'"));
        }
        let mut keys = Keys::default();
        let mut times = None;
        for word in words {
            match word.split_once('=') {
                Some((key, value)) => keys.0.push((key.to_owned(), value.to_owned())),
                None => times = Some(count(&word)?),
            }
        }
        let own = |key: &str| {
            let mut own = keys.0.extract_if(.., |(name, _)| name == key);
            own.next().map(|(_, value)| value)
        };
        let [skip, seed, percent] = ["skip", "seed", "percent"].map(own);
        Ok(Rule {
            text: text.trim().to_owned(),
            method: method.to_uppercase(),
            path: split(&path),
            times,
            skip: number("skip", skip)?,
            seen: 0,
            chance: percent.map(|percent| chance(&percent)).transpose()?,
            seed: number("seed", seed)?,
            action: Action::read(&action, keys)?,
        })
    }
}

/// Reads rules, one a line; a line break within quotes belongs to its rule.
pub(crate) fn rules(text: &str) -> Result<Vec<Rule>, String> {
    let mut quoted = false;
    let lines = text.split(|c| {
        quoted ^= c == '\'';
        c == '\n' && !quoted
    });
    let lines = lines.filter(|line| !line.trim().is_empty());
    lines.map(str::parse).collect()
}

/// The rules in force.
#[derive(Default)]
pub(crate) struct Rules(pub(crate) Vec<Rule>);

impl Rules {
    /// The first rule that takes this request. A rule counts only what the rules before it let pass, so that
    /// `429 x2` and then `500 x1` follow each other.
    pub(crate) fn hit(&mut self, method: &str, path: &str) -> Option<Rule> {
        let parts = split(path);
        for rule in &mut self.0 {
            let any = rule.method == "*" && method != LINE;
            if !(any || rule.method == method) || !fits(&rule.path, &parts) {
                continue;
            }
            rule.seen += 1;
            let turn = rule.seen.checked_sub(rule.skip + 1);
            let turn = turn.is_some_and(|turn| rule.times.is_none_or(|times| turn < times));
            if turn && rule.chance.is_none_or(|chance| rule.draw() < chance) {
                return Some(rule.clone());
            }
        }
        None
    }
}

impl Rule {
    /// A number in 0..1 that depends on the rule, its seed and how many requests it has seen: the same
    /// requests in the same order meet the same faults.
    fn draw(&self) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, &self.text, self.seen).hash(&mut hasher);
        let high = u32::try_from(hasher.finish() >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

fn number(key: &str, value: Option<String>) -> Result<u64, String> {
    let parse = |value: String| {
        let number = value.parse();
        number.map_err(|_| format!("{key}={value}: not a number"))
    };
    value.map_or(Ok(0), parse)
}

fn chance(percent: &str) -> Result<f64, String> {
    let number: Option<f64> = percent.parse().ok();
    let fits = number.filter(|number| (0.0..=100.0).contains(number));
    fits.map(|number| number / 100.0)
        .ok_or_else(|| format!("percent={percent}: 0 to 100 is wanted"))
}

fn count(word: &str) -> Result<u64, String> {
    let count = word.strip_prefix('x').and_then(|count| count.parse().ok());
    count.ok_or_else(|| format!("'{word}' is neither key=value nor xN"))
}

fn split(path: &str) -> Vec<String> {
    let path = path.trim_matches('/');
    path.split('/').map(str::to_owned).collect()
}

fn fits(pattern: &[String], path: &[String]) -> bool {
    match (pattern.first().map(String::as_str), path.first()) {
        (Some("**"), _) if pattern.len() == 1 => true,
        (None, None) => true,
        (Some(want), Some(part)) => {
            (want == "*" || want == part) && fits(&pattern[1..], &path[1..])
        }
        _ => false,
    }
}

/// Splits at blanks outside single quotes; outside them `_` in a sentence stands for a blank.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            '_' if !quoted && word.as_deref().is_some_and(spoken) => {
                word.get_or_insert_default().push(' ');
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err(format!("a quote is open in the rule '{text}'"));
    }
    words.extend(word);
    Ok(words)
}

/// Only sentences have blanks; `_` is part of codes and statuses.
fn spoken(word: &str) -> bool {
    let mut keys = ["message=", "text=", "commentary="].into_iter();
    keys.any(|key| word.starts_with(key))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::{Rule, Rules, rules};
    use crate::faults::action::Action;

    fn action(text: &str) -> Action {
        text.parse::<Rule>().expect(text).action
    }

    #[test]
    fn rules_are_read() {
        assert!(action("POST /files cut").is("cut", "work"));
        assert!(action("POST /files stall when=body").is("stall", "body"));
        let html = action("* /** html status=502 x2");
        assert_eq!((html.word, html.status), ("html", 502));
        let early = action("POST /files early").early();
        assert_eq!(early, Some(413));
        let dialect = action("POST /responses sse dialect=crlf");
        assert_eq!(dialect.keys.get("dialect"), Some("crlf"));
        let status = action(
            "POST /x 400 code=a_b message='It is, x2 = y.' header='A: b' header='C: d' early=true skip=1",
        );
        assert_eq!((status.word, status.early()), ("NNN", Some(400)));
        let keys = status.keys;
        assert_eq!(keys.get("code"), Some("a_b"));
        assert_eq!(keys.get("message"), Some("It is, x2 = y."));
        assert_eq!(keys.all("header").collect::<Vec<_>>(), ["A: b", "C: d"]);
        let end = action("POST /responses end status=failed message=It_broke code=server_error");
        assert_eq!(
            (end.word, end.keys.get("message"), end.keys.get("code")),
            ("end", Some("It broke"), Some("server_error"))
        );
    }

    #[test]
    fn wrong_rules_are_refused() {
        for wrong in [
            "",
            "POST",
            "POST /x",
            "POST x 400",
            "POST /x 99",
            "POST /x boom",
            "POST /x 400 colour=red",
            "POST /x cut when=later",
            "POST /x huge",
            "POST /x huge bytes=x",
            "POST /x 400 y2",
            "POST /x end",
            "POST /x 400 message='open",
            "POST /x 400 skip=x",
            "POST /x end status=done",
            "POST /x 400 percent=101",
            "POST /x 1000",
            "POST /x 200 events='data: 1' then=nothing",
            "POST /x but patch={",
            "POST /x but status=ok",
            "POST /x but then=cut",
        ] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_ends_with_its_line_outside_quotes() {
        let text = "POST /x 200 raw='one\ntwo'\n\n* /y 500\n";
        let read = rules(text).expect(text);
        let read: Vec<&str> = read.iter().map(|rule| rule.text.as_str()).collect();
        assert_eq!(read, ["POST /x 200 raw='one\ntwo'", "* /y 500"]);
    }

    #[test]
    fn a_rule_may_hit_by_chance_and_the_seed_decides() {
        let hits = |seed: u64| {
            let rule = format!("* /** 500 percent=10 seed={seed}");
            let mut rules = Rules(vec![rule.parse().expect(&rule)]);
            let hit = |_| rules.hit("GET", "/files").is_some();
            (0..1000).map(hit).collect::<Vec<bool>>()
        };
        let count = hits(1).iter().filter(|hit| **hit).count();
        assert!((50..150).contains(&count), "{count} of 1000");
        assert_eq!(hits(1), hits(1));
        assert_ne!(hits(1), hits(2));
    }

    #[test]
    fn rules_take_turns() {
        let rules = [
            "POST /files 429 x2 skip=1",
            "POST /files 500 x1",
            "GET /responses/* 404",
            "* /batches/** 503",
        ];
        let mut rules = Rules(rules.iter().map(|rule| rule.parse().expect(rule)).collect());
        let mut status = |method, path| rules.hit(method, path).map(|rule| rule.action.status);
        let five: Vec<_> = (0..5).map(|_| status("POST", "/files")).collect();
        assert_eq!(five, [Some(500), Some(429), Some(429), None, None]);
        assert_eq!(status("GET", "/responses/resp_1"), Some(404));
        assert_eq!(status("GET", "/responses"), None);
        assert_eq!(status("GET", "/responses/resp_1/input_items"), None);
        assert_eq!(status("DELETE", "/batches/a/b"), Some(503));
        assert_eq!(status("DELETE", "/batches"), Some(503));
    }
}
