//! Progress on standard error: a line that changes where somebody watches, plain lines where nobody does.

use std::io::IsTerminal as _;
use std::time::Duration;

use console::Style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::OutputArgs;
use super::print;
use crate::progress::{Event, Progress};
use crate::report::{visible, visible_lines};
use crate::run::Job;
use crate::units::format_duration;

/// How things are shown. Clones share the progress line.
#[derive(Clone)]
pub(super) struct Terminal {
    bar: ProgressBar,
    quiet: bool,
    watched: bool,
}

impl Terminal {
    pub(super) fn new(output: &OutputArgs) -> Self {
        let no_color = output.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if no_color {
            console::set_colors_enabled(false);
            console::set_colors_enabled_stderr(false);
        }
        let watched = std::io::stderr().is_terminal() && !output.quiet;
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(1), target).with_style(spinner());
        Self { bar, quiet: output.quiet, watched }
    }

    /// What is about to happen.
    pub(super) fn header(&self, job: &Job) {
        self.note(&format!(
            "cutover {} · plan {} · seed {} · {}",
            job.command.name(),
            job.plan.name,
            job.seed,
            job.out.display()
        ));
    }

    /// Where the phases tell what they do.
    pub(super) fn progress(&self) -> Progress {
        let terminal = self.clone();
        Progress::new(move |event| terminal.show(event))
    }

    fn show(&self, event: Event) {
        match event {
            Event::Phase(name) => self.phase(&name),
            Event::Note(text) => self.note(&format!("  {text}")),
            Event::Warning(text) => {
                let title = Style::new().for_stderr().yellow().apply_to("warning:");
                self.line(&format!("{title} {}", visible_lines(&text)));
            }
            Event::Progress { done, total, now, left } => self.advance(done, total, &now, left),
        }
    }

    fn phase(&self, name: &str) {
        if self.watched {
            self.bar.reset();
            self.bar.set_style(spinner());
            self.bar.set_message(name.to_owned());
            self.bar.set_prefix(name.to_owned());
            self.bar.enable_steady_tick(Duration::from_millis(100));
        } else {
            self.note(name);
        }
    }

    fn advance(&self, done: u64, total: u64, now: &str, left: Option<Duration>) {
        let left = left.map(|left| format!(", about {} left", format_duration(Duration::from_secs(left.as_secs()))));
        self.bar.set_message(format!("{}{}", visible(now), left.unwrap_or_default()));
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_style(counted());
    }

    /// A line for whoever reads along; nothing with `--quiet`.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.line(&visible_lines(text));
        }
    }

    /// What is so now, in the place of what was; nothing where nobody watches.
    pub(super) fn status(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    /// The progress line is gone.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Something that must be seen.
    pub(super) fn error(&self, text: &str) {
        self.line(&visible_lines(text));
    }

    /// An error with its causes, and what to try.
    pub(super) fn failure(&self, text: &str, hint: Option<&str>) {
        let title = Style::new().for_stderr().red().bold().apply_to("error:");
        self.line(&format!("{title} {}", visible_lines(text)));
        if let Some(hint) = hint {
            let hint = visible_lines(hint);
            self.line(&format!("{} {hint}", Style::new().for_stderr().cyan().apply_to("hint:")));
        }
    }

    fn line(&self, text: &str) {
        if self.watched {
            self.bar.suspend(|| print::err(&format!("{text}\n")));
        } else {
            print::err(&format!("{text}\n"));
        }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn counted() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix} {bar:24} {pos}/{len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
