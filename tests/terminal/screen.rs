//! What a person sees of the bytes that reach a terminal: rows of text, and where the cursor stands.

/// Rows as far down as anything was written: nothing scrolls away.
pub(super) struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    /// As many as there are columns where the next character begins another row.
    column: usize,
}

impl Screen {
    pub(super) fn new(columns: usize) -> Screen {
        Screen {
            columns,
            rows: vec![Vec::new()],
            row: 0,
            column: 0,
        }
    }

    /// What is seen after all of these bytes.
    pub(super) fn of(columns: usize, bytes: &[u8]) -> Screen {
        let mut screen = Screen::new(columns);
        screen.take(&String::from_utf8_lossy(bytes));
        screen
    }

    /// Takes in text, whole escape sequences of it.
    pub(super) fn take(&mut self, text: &str) {
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\r' => self.column = 0,
                '\n' => self.row += 1,
                '\u{8}' => self.column = self.column.saturating_sub(1),
                '\u{1b}' => self.sequence(&mut rest),
                c => self.put(c),
            }
            while self.rows.len() <= self.row {
                self.rows.push(Vec::new());
            }
        }
    }

    fn sequence(&mut self, rest: &mut std::str::Chars) {
        let ends = |c: &char| c.is_ascii_alphabetic();
        let open = rest.next();
        let words: Vec<char> = rest.by_ref().take_while(|c| !ends(c)).collect();
        assert_eq!((open, &*words), (Some('['), &[][..]), "an unknown sequence");
        // Only that which erases to the end of the row is used.
        let column = self.column.min(self.columns - 1);
        self.rows[self.row].truncate(column);
    }

    fn put(&mut self, c: char) {
        assert!(!c.is_control(), "{c:?} reached the terminal");
        if self.column == self.columns {
            (self.row, self.column) = (self.row + 1, 0);
        }
        while self.rows.len() <= self.row {
            self.rows.push(Vec::new());
        }
        let row = &mut self.rows[self.row];
        while row.len() <= self.column {
            row.push(' ');
        }
        row[self.column] = c;
        self.column += 1;
    }

    /// The rows, without what nobody sees at their ends.
    pub(super) fn rows(&self) -> Vec<String> {
        let text = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned();
        let mut rows: Vec<String> = self.rows.iter().map(text).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Row and column of the cursor.
    pub(super) fn cursor(&self) -> (usize, usize) {
        (self.row, self.column)
    }
}

#[test]
fn a_screen_shows_what_a_terminal_does() {
    let cases: [(&str, &[&str], (usize, usize)); 6] = [
        ("abc\r\nd", &["abc", "d"], (1, 1)),
        ("abc\rx", &["xbc"], (0, 1)),
        ("abc\rx\u{1b}[K", &["x"], (0, 1)),
        ("abcdefgh", &["abcde", "fgh"], (1, 3)),
        ("abcde\r\n\r\n", &["abcde"], (2, 0)),
        ("abcde\r\u{1b}[K", &[], (0, 0)),
    ];
    for (text, rows, cursor) in cases {
        let screen = Screen::of(5, text.as_bytes());
        assert_eq!(screen.rows(), rows, "{text:?}");
        assert_eq!(screen.cursor(), cursor, "{text:?}");
    }
}
