//! Values as a report shows them: as they were on the wire, but not endlessly.

/// Characters that are shown at most.
const MOST: usize = 200;

/// Text, shortened.
pub(super) fn text(text: &str) -> String {
    // No more bytes than that are no more characters either.
    if text.len() <= MOST {
        return text.to_owned();
    }
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Bytes that are text most of the time, shortened.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let few = &bytes[..bytes.len().min(4 * MOST + 4)];
    if let Ok(valid) = std::str::from_utf8(few) {
        return text(valid);
    }
    text(&String::from_utf8_lossy(few))
}
