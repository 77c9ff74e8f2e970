//! Files that people keep, such as plans: a new text takes the place of the old one whole, or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::{Exit, Refused};
use crate::report::{self, ReportError};

/// A text to `out`, or to standard output. A file that is there already is only written over where that is wanted.
pub(super) fn plan(out: Option<&Path>, force: bool, text: &str) -> Result<(), Refused> {
    let Some(out) = out else {
        let written = io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
        return written.map_err(|error| Refused(format!("error: standard output: {error}"), Exit::Environment));
    };
    let written = if force { replace(out, text) } else { create(out, text) };
    written.map_err(|error| {
        let message = format!("error: cannot write `{}`\n  Caused by: {error}", out.display());
        Refused(message, Exit::Environment)
    })
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Puts a text in the place of what is in a file. A link stays one; what is no file, such as a pipe, is written to.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).or_else(|_| std::path::absolute(path))?;
    if fs::metadata(&path).is_ok_and(|there| !there.is_file()) {
        return fs::write(&path, text);
    }
    report::write_atomically(&path, text.as_bytes()).map(drop).map_err(|error| match error {
        ReportError::Directory { source, .. } | ReportError::Write { source, .. } => source,
        other => io::Error::other(other),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_link_stays_one() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("accepted.yaml"), directory.path().join("link.yaml"));
        fs::write(&file, "first").unwrap();
        symlink(&file, &link).unwrap();
        // Whoever has the old file open goes on reading the old text: it is another file.
        let before = fs::metadata(&file).unwrap().ino();
        replace(&link, "second").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "second");
        assert_ne!(fs::metadata(&file).unwrap().ino(), before);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_plan_that_is_there_is_kept_unless_it_may_go() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("plan.yaml");
        for (text, force, expected) in [("one", false, "one"), ("two", false, "one"), ("three", true, "three")] {
            let written = plan(Some(&file), force, text);
            assert_eq!(written.is_ok(), text == expected, "{text}");
            assert_eq!(fs::read_to_string(&file).unwrap(), expected);
        }
        let Err(Refused(message, exit)) = plan(Some(&directory.path().join("no/such")), false, "x") else {
            panic!("written")
        };
        assert!(message.contains("cannot write") && exit == Exit::Environment, "{message}");
    }
}
