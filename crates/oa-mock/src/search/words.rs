//! Which passages answer a question: those that have its words.

use std::collections::BTreeSet;

/// The words of a text.
pub(crate) fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// How many of the question's words a passage has, and how many there are.
fn shared(question: &str, passage: &str) -> (u32, u32) {
    let wanted: BTreeSet<String> = words(question).into_iter().collect();
    let given: BTreeSet<String> = words(passage).into_iter().collect();
    let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
    (
        count(wanted.intersection(&given).count()),
        count(wanted.len()),
    )
}

/// The share of the question's words that a passage has, from 0 to 1.
pub(crate) fn score(question: &str, passage: &str) -> f64 {
    let (shared, all) = shared(question, passage);
    f64::from(shared) / f64::from(all.max(1))
}

/// The line of a passage that has most of the question's words.
pub(crate) fn line<'a>(question: &str, passage: &'a str) -> &'a str {
    // Of equal ones the first: max_by_key would take the last.
    let lines = passage.lines().rev();
    lines
        .max_by_key(|line| shared(question, line))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{line, score};

    #[test]
    fn a_passage_scores_by_the_words_it_has() {
        let iron = "Iron rusts in water; water!";
        for (question, wanted) in [
            ("WATER", 1.0),
            ("cold water?", 0.5),
            ("silver", 0.0),
            ("?!", 0.0),
        ] {
            assert!((score(question, iron) - wanted).abs() < 1e-9, "{question}");
        }
    }

    #[test]
    fn a_passage_is_quoted_where_it_answers() {
        let passage = "Chapter 1\nIron rusts in water.\nIron melts.";
        assert_eq!(
            line("does iron rust in water", passage),
            "Iron rusts in water."
        );
        assert_eq!(line("nothing", passage), "Chapter 1");
    }
}
