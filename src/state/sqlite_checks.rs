//! The conditions that an SQLite table checks, which only its own `CREATE TABLE` tells. Pure.

/// The text inside the brackets of each `CHECK (…)`, blanks as one.
pub(super) fn checks(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some((word, after)) = next(rest) {
        rest = after;
        if word.eq_ignore_ascii_case("check")
            && let Some(("(", after)) = next(rest)
        {
            let (check, after) = inside(after);
            found.push(check);
            rest = after;
        }
    }
    found
}

/// What stands before the bracket that closes, and what follows it.
fn inside(text: &str) -> (String, &str) {
    let mut words: Vec<&str> = Vec::new();
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some((word, after)) = next(rest) {
        rest = after;
        match word {
            "(" => depth += 1,
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            _ => {}
        }
        words.push(word);
    }
    (words.join(" "), rest)
}

/// The next word, sign, quoted name or text, and what follows; blanks and comments are passed over.
fn next(text: &str) -> Option<(&str, &str)> {
    let mut text = text.trim_start();
    loop {
        let end = match text {
            _ if text.starts_with("--") => text.find('\n').map_or(text.len(), |at| at + 1),
            _ if text.starts_with("/*") => text.find("*/").map_or(text.len(), |at| at + 2),
            _ => break,
        };
        text = text[end..].trim_start();
    }
    let first = text.chars().next()?;
    let close = match first {
        '\'' | '"' | '`' => Some(first),
        '[' => Some(']'),
        _ => None,
    };
    let end = match close {
        Some(close) => quoted(text, close),
        None if is_word(first) => text.find(|c| !is_word(c)).unwrap_or(text.len()),
        None => first.len_utf8(),
    };
    Some(text.split_at(end))
}

/// Where a quoted text ends; the sign twice is the sign itself.
fn quoted(text: &str, close: char) -> usize {
    let mut at = 1;
    while let Some(found) = text[at..].find(close) {
        at += found + 1;
        if !text[at..].starts_with(close) {
            return at;
        }
        at += 1;
    }
    text.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::checks;

    #[test]
    fn conditions_are_found_and_nothing_that_only_looks_like_one() {
        let sql = r#"CREATE TABLE "check (" ( -- CHECK (no)
            a TEXT DEFAULT 'CHECK (no)' CHECK (a   IN ('x', 'it''s (')), /* CHECK (no) */
            [check] INTEGER, CONSTRAINT positive check(b > (1 + 2)))"#;
        assert_eq!(checks(sql), ["a IN ( 'x' , 'it''s (' )", "b > ( 1 + 2 )"]);
        assert_eq!(checks("CREATE TABLE t (a CHECK (a > 'unfinished"), ["a > 'unfinished"]);
        assert!(checks("CREATE TABLE recheck (checks TEXT)").is_empty());
    }
}
