//! JSON bodies: YAML values as JSON text with variables in it. Keys, their order and numbers stay as they were written.

use super::super::JsonTemplate;
use super::super::problems::Problems;
use super::super::template::{JsonPart, Part};
use super::super::yaml::{Node, Scalar, Value};
use super::variables::Variables;

pub(super) fn compile(node: &Node, variables: &Variables, problems: &mut Problems<'_>) -> JsonTemplate {
    let mut writer = Writer { parts: Vec::new(), variables, problems };
    writer.node(node);
    JsonTemplate { parts: writer.parts }
}

/// What a scalar is in JSON.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum JsonScalar<'a> {
    /// `null`, `true`, `false` or a number, as JSON spells it.
    Bare(String),
    Text(&'a str),
    /// A number that JSON does not have: `.inf`, `.nan`.
    Impossible,
}

/// What a scalar is by the core schema of YAML 1.2.
pub(in super::super) fn json_scalar(scalar: &Scalar) -> JsonScalar<'_> {
    let text = &*scalar.text;
    if !scalar.plain {
        return JsonScalar::Text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => JsonScalar::Bare("null".to_owned()),
        "true" | "True" | "TRUE" => JsonScalar::Bare("true".to_owned()),
        "false" | "False" | "FALSE" => JsonScalar::Bare("false".to_owned()),
        text if is_endless(text) => JsonScalar::Impossible,
        text => number(text).map_or(JsonScalar::Text(text), JsonScalar::Bare),
    }
}

fn is_endless(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// A YAML number as JSON writes it: unchanged where JSON has this spelling.
fn number(text: &str) -> Option<String> {
    let radix = |digits: &str, radix| u128::from_str_radix(digits, radix).ok().map(|value| value.to_string());
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| is_digits(digits)) {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| is_digits(digits)) {
        return radix(digits, 8);
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let mantissa_ends = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at(mantissa_ends);
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let digits = whole.len() + fraction.map_or(0, str::len);
    if digits == 0 || !all_digits(whole) || !fraction.is_none_or(all_digits) || !is_exponent(exponent) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.filter(|digits| !digits.is_empty()).map_or_else(String::new, |digits| format!(".{digits}"));
    Some(format!("{sign}{whole}{fraction}{exponent}"))
}

/// Nothing, or `e` with digits after it.
fn is_exponent(text: &str) -> bool {
    let digits = text.trim_start_matches(['e', 'E']);
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    text.is_empty() || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

struct Writer<'a, 'p, 't> {
    parts: Vec<JsonPart>,
    variables: &'a Variables,
    problems: &'p mut Problems<'t>,
}

impl Writer<'_, '_, '_> {
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::Scalar(scalar) => self.scalar(node, scalar),
            Value::List(nodes) => {
                self.sequence('[', ']', nodes, Writer::node);
            }
            Value::Map(entries) => self.sequence('{', '}', entries, |writer, (key, node)| {
                let name = key.scalar().map_or("", |key| &key.text);
                writer.literal(&format!("{}:", quoted(name)));
                writer.node(node);
            }),
        }
    }

    fn sequence<T>(&mut self, open: char, close: char, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.literal(&open.to_string());
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.literal(",");
            }
            write(self, item);
        }
        self.literal(&close.to_string());
    }

    fn scalar(&mut self, node: &Node, scalar: &Scalar) {
        match json_scalar(scalar) {
            JsonScalar::Bare(text) => self.literal(&text),
            JsonScalar::Text(text) => self.string(node, text),
            JsonScalar::Impossible => {
                let hint = Some("write it in quotes to send it as text".to_owned());
                self.problems.value(node, format!("JSON has no number `{}`", scalar.written), hint);
            }
        }
    }

    fn string(&mut self, node: &Node, text: &str) {
        let mut template = super::step::compile(node, text, 0, self.variables, self.problems);
        if let [Part::Variable(_) | Part::Random { .. }] = template.parts[..] {
            self.parts.extend(template.parts.pop().map(JsonPart::Value));
            return;
        }
        self.literal("\"");
        for part in template.parts {
            match part {
                Part::Literal(literal) => {
                    let quoted = quoted(&literal);
                    self.literal(&quoted[1..quoted.len() - 1]);
                }
                part => self.parts.push(JsonPart::InString(part)),
            }
        }
        self.literal("\"");
    }

    /// Neighbouring literals are joined.
    fn literal(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(JsonPart::Literal(last)) => last.push_str(text),
            _ => self.parts.push(JsonPart::Literal(text.to_owned())),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
