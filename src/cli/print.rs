//! Text on standard output and standard error. Whoever reads it may be gone: that ends no run and changes no exit code.

use std::io::{self, Write};

use crate::report::visible_lines;

/// A text on standard output, as it stands.
pub(super) fn out(text: &str) {
    written(io::stdout().lock(), text);
}

/// Lines on standard error; what may have come from elsewhere in them does not steer the terminal.
pub(super) fn note(text: &str) {
    err(&format!("{}\n", visible_lines(text)));
}

/// A text on standard error, as it stands.
pub(super) fn err(text: &str) {
    written(io::stderr().lock(), text);
}

fn written(mut to: impl Write, text: &str) {
    // There is nobody left to be told.
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_reader_that_is_gone_ends_nothing() {
        written(Gone, "text");
    }
}
