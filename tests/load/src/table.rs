//! Figures as a table, as JSON, and as a picture.

use std::fmt::Write as _;

use serde_json::json;

use crate::goals::{self, Contest};

/// What the runs of one side came to, in seconds.
#[derive(Clone)]
pub(crate) struct Figures {
    pub(crate) name: String,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// KiB.
    pub(crate) peak: Option<u64>,
}

impl Figures {
    pub(crate) fn of(name: &str, times: &[f64], peak: Option<u64>) -> Figures {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        let half = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            0 if half > 0 => f64::midpoint(at(half - 1), at(half)),
            _ => at(half),
        };
        Figures {
            name: name.to_owned(),
            median,
            least: at(0),
            most: at(sorted.len().saturating_sub(1)),
            peak,
        }
    }

    fn text(&self) -> String {
        format!(
            "{} ({}–{})",
            time(self.median),
            time(self.least),
            time(self.most)
        )
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 10.0 => format!("{:.0} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

fn memory(peak: Option<u64>) -> String {
    peak.map_or_else(String::new, |peak| format!("{} MB", (peak + 512) / 1024))
}

/// One contest between ours and one rival.
pub(crate) struct Row {
    pub(crate) contest: String,
    pub(crate) ours: Figures,
    pub(crate) rival: Figures,
    /// The largest ratio, ours to theirs, that is wanted; infinite where it is only of interest.
    pub(crate) goal: f64,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ours.median / self.rival.median
    }

    /// The ratio, and the goal where there is one.
    fn verdict(&self) -> String {
        let ratio = match self.ratio() {
            small if small < 0.1 => format!("{small:.3}"),
            ratio => format!("{ratio:.2}"),
        };
        match self.goal {
            goal if goal.is_infinite() => ratio,
            goal if self.ratio() <= goal => format!("{ratio} (≤ {goal:.2})"),
            goal => format!("{ratio} (≤ {goal:.2}) **missed**"),
        }
    }

    /// The row for people, in Markdown.
    pub(crate) fn line(&self) -> String {
        format!(
            "| {} | {} | {} | {} | {} | {} | {} / {} |",
            self.contest,
            self.ours.name,
            self.ours.text(),
            self.rival.name.replace('|', "\\|"),
            self.rival.text(),
            self.verdict(),
            memory(self.ours.peak),
            memory(self.rival.peak),
        )
    }
}

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    pub(crate) notes: Vec<String>,
    /// How those fared who asked under a rate limit.
    pub(crate) pacing: Vec<Contest>,
}

impl Table {
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::new();
        if !self.rows.is_empty() {
            out.push_str("| contest | ours | median (min–max) | rival | median (min–max) | ratio (goal) | peak memory |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        }
        for row in &self.rows {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{}", row.line());
        }
        for note in &self.notes {
            let _ = writeln!(out, "\n{note}");
        }
        if !self.pacing.is_empty() {
            let _ = write!(out, "\n{}", goals::markdown(&self.pacing));
        }
        out
    }

    pub(crate) fn json(&self) -> String {
        let side = |figures: &Figures| json!({"name": figures.name, "median": figures.median, "min": figures.least, "max": figures.most, "peak_kib": figures.peak});
        let row = |row: &Row| json!({"contest": row.contest, "ours": side(&row.ours), "rival": side(&row.rival), "ratio": row.ratio(), "goal": row.goal});
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        format!(
            "{:#}\n",
            json!({"rows": rows, "notes": self.notes, "pacing": goals::json(&self.pacing)})
        )
    }

    /// Bars: how many times longer each rival takes, on a scale of powers of ten.
    pub(crate) fn svg(&self) -> String {
        const LINE: usize = 22;
        let height = self.rows.len() * LINE + 40;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"860\" height=\"{height}\" fill=\"white\"/>\n<text x=\"8\" y=\"20\">times as long as ours (logarithmic; the line is 1)</text>\n"
        );
        for (at, row) in self.rows.iter().enumerate() {
            let y = at * LINE + 32;
            let times = row.rival.median / row.ours.median;
            let width = times.log10() * 110.0;
            let (x, wide) = if width < 0.0 {
                (420.0 + width, -width)
            } else {
                (420.0, width)
            };
            let colour = if times < 1.0 { "#c44" } else { "#4a8" };
            let label = format!("{}: {}", row.contest, row.rival.name);
            let _ = writeln!(
                out,
                "<text x=\"412\" y=\"{}\" text-anchor=\"end\">{}</text><rect x=\"{x:.1}\" y=\"{y}\" width=\"{wide:.1}\" height=\"16\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{}\">{times:.1} ×</text>",
                y + 13,
                label.replace('&', "&amp;").replace('<', "&lt;"),
                428.0 + width.max(0.0),
                y + 13,
            );
        }
        let _ = writeln!(
            out,
            "<line x1=\"420\" y1=\"28\" x2=\"420\" y2=\"{}\" stroke=\"#888\"/>\n</svg>",
            height - 6
        );
        out
    }
}
