//! Cleaning up after a harness that was killed.
//!
//! Destructors clean up after errors, panics and Ctrl-C, but nothing in a process runs after SIGKILL. So each thing that
//! would outlive the harness is watched by a small shell: it waits on a pipe whose other end only the harness holds. A
//! word on the pipe means "no longer needed"; its end without a word means that the harness is gone. A shell, because
//! that needs neither a second program of ours nor `unsafe`; for a container it calls the `docker` program.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// A shell that runs a script if this process dies before it says otherwise.
pub(super) struct Guard {
    shell: Child,
}

impl Guard {
    /// Watches over something that `script` can undo; `$1`, `$2`, … are `arguments`.
    pub(super) fn new<I, S>(script: &str, arguments: I) -> std::io::Result<Self>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let shell = Command::new("/bin/sh")
            .arg("-c")
            // In a group of its own and deaf to the terminal's signals: Ctrl-C reaches everybody in the foreground group.
            .arg(format!("trap '' INT TERM HUP; read -r word && exit 0\n{script}"))
            .arg("cutover-guard")
            .args(arguments)
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { shell })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.shell.stdin.take() {
            // The shell may have been killed; there is nothing left to tell it then.
            let _ = stdin.write_all(b"done\n");
        }
        let _ = self.shell.wait();
    }
}
