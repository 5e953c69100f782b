//! Words of the commands that hints show: whoever copies one runs that command and nothing else.

/// The text as one word of a shell, quoted where it must be.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A command with these arguments, `--` before the first that would be taken for an option.
#[must_use]
pub fn command<'a>(words: &str, arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = words.to_owned();
    let mut guarded = false;
    for argument in arguments {
        if argument.starts_with('-') && !guarded {
            line.push_str(" --");
            guarded = true;
        }
        line.push(' ');
        line.push_str(&word(argument));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_it_must_be() {
        for (text, quoted) in [
            ("resp_a-1", "resp_a-1"),
            ("a b", "'a b'"),
            ("$(id)", "'$(id)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), quoted);
        }
    }

    #[test]
    fn no_argument_becomes_an_option() {
        assert_eq!(command("oa-poll", ["resp_a=="]), "oa-poll resp_a==");
        assert_eq!(
            command("oa-delete", ["a b", "-x", "-y"]),
            "oa-delete 'a b' -- -x -y"
        );
    }
}
