//! Prometheus text exposition 0.0.4 and `OpenMetrics` 1.0, read tolerantly: a line that makes no sense is passed over.
//!
//! Nothing is copied but label values with escapes; timestamps and exemplars are ignored.

use std::borrow::Cow;

/// One line that says something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Line<'a> {
    /// `# TYPE name …`: the metric exists, even if no series of it does yet.
    Declared(&'a str),
    /// A value.
    Sample(Sample<'a>),
}

/// One value of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample<'a> {
    /// Name as written, with suffixes such as `_total` and `_bucket`.
    pub(crate) name: &'a str,
    /// May be NaN or infinite.
    pub(crate) value: f64,
    /// What stands between the braces.
    labels: &'a str,
}

impl<'a> Sample<'a> {
    /// Value of a label with its escapes resolved.
    pub(crate) fn label(&self, wanted: &str) -> Option<Cow<'a, str>> {
        let mut rest = self.labels;
        loop {
            let (name, value, after) = first_label(rest)?;
            if name == wanted {
                return Some(unescape(value));
            }
            rest = after;
        }
    }
}

/// Every line with a sense whose metric's name is wanted.
pub(crate) fn lines(text: &str, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter_map(move |line| read_line(line.trim(), &wanted))
}

fn read_line<'a>(line: &'a str, wanted: &impl Fn(&str) -> bool) -> Option<Line<'a>> {
    if let Some(comment) = line.strip_prefix('#') {
        let mut words = comment.split_ascii_whitespace();
        let name = (words.next()? == "TYPE").then(|| words.next())??;
        return wanted(name).then_some(Line::Declared(name));
    }
    let end = line.find(|c: char| c == '{' || c.is_ascii_whitespace())?;
    let (name, rest) = line.split_at(end);
    if name.is_empty() || !wanted(name) {
        return None;
    }
    let (labels, rest) = split_labels(rest.trim_start())?;
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Line::Sample(Sample { name, value, labels }))
}

/// Splits `{…} rest`; the labels are empty where there are none.
fn split_labels(text: &str) -> Option<(&str, &str)> {
    let Some(inner) = text.strip_prefix('{') else { return Some(("", text)) };
    let mut rest = inner;
    loop {
        let stop = rest.find(['"', '}'])?;
        let after = &rest[stop + 1..];
        if rest.as_bytes()[stop] == b'}' {
            return Some((&inner[..inner.len() - rest.len() + stop], after));
        }
        rest = &after[closing_quote(after)? + 1..];
    }
}

/// Name, raw value and the text after it.
fn first_label(labels: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = labels.trim_start_matches([',', ' ', '\t']).split_once('=')?;
    let rest = rest.trim_start().strip_prefix('"')?;
    let end = closing_quote(rest)?;
    Some((name.trim_end(), &rest[..end], &rest[end + 1..]))
}

/// Where the quote is that ends a label's value.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<Line<'_>> {
        lines(text, |_| true).collect()
    }

    fn only_sample(text: &str) -> Sample<'_> {
        match all(text).as_slice() {
            [Line::Sample(sample)] => *sample,
            other => panic!("one sample was expected of `{text}`, not {other:?}"),
        }
    }

    #[test]
    fn values_are_read_in_every_spelling() {
        for (text, value) in [
            ("a 1", 1.0),
            ("a\t1.5e3", 1500.0),
            ("  a   -2  ", -2.0),
            ("a{} 3", 3.0),
            ("a {x=\"y\"} 4", 4.0),
            ("a{x=\"y\",} 5 1395066363000", 5.0),
            ("a_total 6 1520879607.789", 6.0),
            ("a_bucket{le=\"0.1\"} 8 # {trace_id=\"KOO5S4\"} 0.067 1520879607.789", 8.0),
            ("a +Inf", f64::INFINITY),
            ("a -Inf", f64::NEG_INFINITY),
        ] {
            assert!(only_sample(text).value.total_cmp(&value).is_eq(), "{text}");
        }
        assert!(only_sample("a NaN").value.is_nan());
    }

    #[test]
    fn labels_are_read_with_their_escapes() {
        let sample = only_sample(r#"a{ pool = "main" , path="C:\\x\"}{",line="1\n2",empty=""} 1"#);
        for (name, value) in [
            ("pool", Some("main")),
            ("path", Some("C:\\x\"}{")),
            ("line", Some("1\n2")),
            ("empty", Some("")),
            ("no", None),
        ] {
            assert_eq!(sample.label(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn lines_without_sense_are_passed_over() {
        let text = "# HELP a About { \"a\n# TYPE a counter\n#\n# EOF\n\na\na{x=\"1\" 2\na{x=\"1 2\na x\n{b=\"c\"} 1\n<html>\na 7\n";
        let read = all(text);
        assert_eq!(read.len(), 2, "{read:?}");
        assert_eq!(read[0], Line::Declared("a"));
        assert!(matches!(read[1], Line::Sample(Sample { name: "a", .. })));
    }

    #[test]
    fn only_what_is_wanted_is_read() {
        let text = "# TYPE go_gc gauge\ngo_gc 1\n# TYPE pool gauge\npool 2\n";
        assert_eq!(lines(text, |name| name.starts_with("pool")).count(), 2);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in any::<String>()) {
            for line in all(&text) {
                if let Line::Sample(sample) = line {
                    let _ = sample.label("le");
                }
            }
        }

        #[test]
        fn almost_right_never_panics(text in r#"([a-z_]{0,4}|[{}",=\\# \n\té]|[0-9.eE+-]{0,4}|NaN|# TYPE ){0,60}"#) {
            for line in all(&text) {
                if let Line::Sample(sample) = line {
                    let _ = sample.label("a");
                }
            }
        }

        #[test]
        fn any_label_value_is_read_back(value in any::<String>()) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            prop_assume!(!escaped.contains('\r'));
            let text = format!("a{{x=\"{escaped}\",le=\"1\"}} 3");
            let sample = only_sample(&text);
            let (x, le) = (sample.label("x"), sample.label("le"));
            prop_assert_eq!(x.as_deref(), Some(value.as_str()));
            prop_assert_eq!(le.as_deref(), Some("1"));
        }
    }
}
