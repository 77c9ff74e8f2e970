//! Text that must not be shown, and taking it out of text that others wrote.

/// Text that must not be shown: it prints as `[secret]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever connects with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

const HIDDEN: &str = "[secret]";

/// A password of fewer characters is hidden inside URLs only: alone it would be found in every other word.
const SHORTEST_PASSWORD: usize = 4;
/// A value of the environment with fewer bytes is not hidden.
const SHORTEST_VALUE: usize = 4;

/// What to take out of text.
#[derive(Clone, Default)]
pub(super) struct Redactions(Vec<String>);

impl Redactions {
    /// Hides a connection URL, and the password in it wherever it stands.
    pub(super) fn hide_url(&mut self, url: &str) {
        self.hide(url);
        let Ok(parsed) = reqwest::Url::parse(url) else { return };
        let Some(password) = parsed.password() else { return };
        self.hide(&format!("{}:{password}@", parsed.username()));
        let plain = percent_decode(password);
        for spelling in [password, &plain] {
            if spelling.len() >= SHORTEST_PASSWORD {
                self.hide(spelling);
            }
        }
    }

    /// Hides a value that came from the environment: as a whole, line by line where it has several, and the password in it
    /// where it is a URL. A short one is no secret that could be told from other words.
    pub(super) fn hide_value(&mut self, value: &str) {
        for text in std::iter::once(value).chain(value.lines()).map(str::trim) {
            if text.len() >= SHORTEST_VALUE {
                self.hide(text);
            }
        }
        if reqwest::Url::parse(value).is_ok_and(|url| url.password().is_some()) {
            self.hide_url(value);
        }
    }

    /// Hides what others hide as well.
    pub(super) fn and(mut self, others: &Self) -> Self {
        for text in &others.0 {
            self.hide(text);
        }
        self
    }

    /// The text without the secrets.
    pub(super) fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), HIDDEN) } else { text }
        })
    }

    /// Length of the longest secret in bytes.
    pub(super) fn longest(&self) -> usize {
        self.0.iter().map(String::len).max().unwrap_or(0)
    }

    /// The longest first, so that a URL goes as a whole.
    fn hide(&mut self, text: &str) {
        if !text.is_empty() && !self.0.iter().any(|known| known == text) {
            self.0.push(text.to_owned());
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new("postgres://u:hush@h/d");
        assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
    }

    #[test]
    fn urls_and_passwords_are_taken_out_in_every_spelling() {
        let mut redactions = Redactions::default();
        redactions.hide_url("postgres://u:p%40ssword@h:1/d");
        let text = redactions.redact("to postgres://u:p%40ssword@h:1/d with p%40ssword, p@ssword, u:p%40ssword@x");
        assert_eq!(text, "to [secret] with [secret], [secret], [secret]x");
    }

    #[test]
    fn a_value_of_the_environment_is_taken_out_and_its_password_with_it() {
        let mut redactions = Redactions::default();
        for value in ["postgres://app:h%75sh@db/x", "k-4711", "abc", "", "first line\r\nsecond line\n"] {
            redactions.hide_value(value);
        }
        let text = "abc: postgres://app:h%75sh@db/x, app:h%75sh@other, hush, k-4711, first line, second line";
        let hidden = "abc: [secret], [secret]other, [secret], [secret], [secret], [secret]";
        assert_eq!(redactions.redact(text), hidden);
    }

    #[test]
    fn a_short_password_is_hidden_in_urls_only() {
        let mut redactions = Redactions::default();
        redactions.hide_url("postgres://u:a@h/d");
        assert_eq!(redactions.redact("a cat at u:a@elsewhere"), "a cat at [secret]elsewhere");
    }
}
