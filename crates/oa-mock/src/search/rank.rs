//! Which passages answer a question: BM25 over lower-cased words.

use std::collections::{BTreeSet, HashMap};

/// How soon more of the same word stops counting, and how much a passage's length counts.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// The words of a text.
pub(crate) fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// How well each passage answers the question: 0 for those that have none of its words, above 0.8 for one
/// of usual length that has each of them once, always below 1. Words that no passage has weigh nothing:
/// questions are full of them.
pub(crate) fn scores(question: &str, passages: &[&str]) -> Vec<f64> {
    let wanted: BTreeSet<String> = words(question).into_iter().collect();
    let counted: Vec<(HashMap<String, f64>, f64)> =
        passages.iter().map(|passage| count(passage)).collect();
    let total: f64 = counted.iter().map(|(_, length)| length).sum();
    let average = (total / size(passages.len())).max(1.0);
    let weights: Vec<(&String, f64)> = wanted
        .iter()
        .map(|word| {
            (
                word,
                counted.iter().filter(|c| c.0.contains_key(word)).count(),
            )
        })
        .filter(|(_, with)| *with > 0)
        .map(|(word, with)| (word, weight(size(passages.len()), size(with))))
        .collect();
    let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let score = |(words, length): &(HashMap<String, f64>, f64)| {
        let parts = weights.iter().map(|(word, weight)| {
            let times = words.get(*word).copied().unwrap_or_default();
            weight * times * (K1 + 1.0) / (times + K1 * (1.0 - B + B * length / average))
        });
        let sum: f64 = parts.sum();
        if sum > 0.0 {
            1.0 - (-2.0 * sum / all).exp()
        } else {
            0.0
        }
    };
    counted.iter().map(score).collect()
}

/// The rarer a word is among the passages, the more it says.
fn weight(passages: f64, with: f64) -> f64 {
    (1.0 + (passages - with + 0.5) / (with + 0.5)).ln()
}

/// The line of a passage that has most of the question's words.
pub(crate) fn line<'a>(question: &str, passage: &'a str) -> &'a str {
    let wanted: BTreeSet<String> = words(question).into_iter().collect();
    let common = |line: &&str| {
        let words: BTreeSet<String> = words(line).into_iter().collect();
        words.intersection(&wanted).count()
    };
    // Of equal ones the first: max_by_key would take the last.
    passage.lines().rev().max_by_key(common).unwrap_or_default()
}

fn count(passage: &str) -> (HashMap<String, f64>, f64) {
    let words = words(passage);
    let length = size(words.len());
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1.0;
    }
    (counts, length)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody counts 2^52 words of a passage"
)]
fn size(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{line, scores};

    const PASSAGES: [&str; 3] = [
        "The boiling point of water is 100 degrees.",
        "Water, water everywhere, nor any drop to drink; so much water.",
        "Iron rusts.",
    ];

    #[test]
    fn the_passage_with_the_rarer_words_comes_first() {
        let scores = scores("What is the BOILING point?", &PASSAGES);
        assert!(scores[0] > 0.8 && scores[0] < 1.0, "{scores:?}");
        assert_eq!(scores[1..], [0.0, 0.0]);
    }

    #[test]
    fn more_of_a_word_counts_more_but_never_beyond_one() {
        let scores = scores("water", &PASSAGES);
        assert!(scores[1] > scores[0] && scores[0] > 0.0, "{scores:?}");
        assert!(scores[1] < 1.0 && scores[2] == 0.0, "{scores:?}");
    }

    #[test]
    fn nothing_scores_nothing() {
        assert_eq!(scores("?!", &PASSAGES), [0.0; 3]);
        assert_eq!(scores("water", &[]), [0.0; 0]);
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
