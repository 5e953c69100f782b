//! Figures as people read them: sizes, times, and text of a certain width.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Units of bytes, each 1024 of the one before.
const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// A number of bytes: `512 B`, `1.4 MiB`, `41 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (mut unit, mut whole, mut tenths) = (0, bytes, 0);
    while whole >= 1024 && unit + 1 < UNITS.len() {
        (whole, tenths) = (whole / 1024, whole % 1024 * 10 / 1024);
        unit += 1;
    }
    match UNITS[unit] {
        unit @ ("MiB" | "GiB" | "TiB") if whole < 10 => format!("{whole}.{tenths} {unit}"),
        unit => format!("{whole} {unit}"),
    }
}

/// A time in its two largest units: `34s`, `1m03s`, `2h05m`, `3d04h`.
#[must_use]
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, ..) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// Columns that a text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text if it fits into so many columns, else as much of it as does, and `…`.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut short, mut taken) = (String::new(), 1);
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        short.push(c);
    }
    if columns > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1_500_000, "1.4 MiB"),
            (42_991_616, "41 MiB"),
            (u64::MAX, "16777215 TiB"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(size(bytes), shown);
        }
        let cases = [
            (0, "0s"),
            (63, "1m03s"),
            (7_500, "2h05m"),
            (273_600, "3d04h"),
        ];
        for (seconds, shown) in cases {
            assert_eq!(time(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn a_text_that_is_cut_says_so_and_is_never_wider() {
        let cases = [
            ("report.pdf", 10, "report.pdf"),
            ("report.pdf", 9, "report.p…"),
            ("報告.pdf", 4, "報…"),
            ("報告.pdf", 6, "報告.…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ];
        for (text, columns, shown) in cases {
            assert_eq!(fit(text, columns), shown);
            assert!(width(&fit(text, columns)) <= columns, "{text}");
        }
    }
}
