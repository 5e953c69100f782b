//! A file's name: its last part, and its extension.

/// What stands behind the last slash.
pub(crate) fn base(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// What follows the last dot of the base name, as written. `.bashrc`, `a.` and `Mr. Smith` have none.
#[must_use]
pub fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = base(name).rsplit_once('.')?;
    let real = !stem.trim_start_matches('.').is_empty()
        && !extension.is_empty()
        && !extension.contains(char::is_whitespace);
    real.then_some(extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_follows_the_last_dot_of_the_base_name() {
        for (name, expected) in [
            ("a.txt", Some("txt")),
            ("dir.d/a", None),
            ("a.tar.GZ", Some("GZ")),
            (".bashrc", None),
            ("..bashrc", None),
            ("a.", None),
            ("a", None),
            ("", None),
            ("/", None),
            ("Mr. Smith", None),
            (".a.md", Some("md")),
        ] {
            assert_eq!(extension(name), expected, "{name}");
        }
    }
}
