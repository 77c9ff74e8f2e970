//! Lines of a text, and words of a line.

use std::collections::HashMap;

use crate::noise::shape::Shape;

pub(super) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)) && word.parse::<f64>().is_ok()
}

/// What stands between the words of a line.
pub(super) fn marks(line: &str) -> String {
    line.chars().filter(|c| is_between(*c)).collect()
}

/// Lines of a text that the other has not, or not so often, with their numbers.
pub(super) fn lines_without<'t>(text: &'t str, other: &str) -> Vec<(usize, &'t str)> {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for line in other.split('\n') {
        *there.entry(line).or_default() += 1;
    }
    let mut is_new = |line: &str| match there.get_mut(line) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    text.split('\n').enumerate().filter(|(_, line)| is_new(line)).collect()
}

/// Words of a line and what stands between them, each on its own.
pub(super) fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split_inclusive(is_between).flat_map(|piece| {
        let word = piece.strip_suffix(is_between).unwrap_or(piece);
        [word, &piece[word.len()..]]
    })
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || ",;|\"'<>()[]{}=".contains(c)
}

/// What lines have in common that say the same of other things.
pub(super) fn form(line: &str) -> String {
    let word = |word: &str| match Shape::of_text(word) {
        _ if is_number(word) => "number".to_owned(),
        Shape::Token { .. } => "word".to_owned(),
        shape => format!("{shape:?}"),
    };
    words_of(line).map(|piece| if piece.starts_with(is_between) { piece.to_owned() } else { word(piece) }).collect()
}
