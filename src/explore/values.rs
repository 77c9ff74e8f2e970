//! Values that a schema admits, ordinary ones and those at its limits.

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;

use super::pattern;
use super::seen::Seen;
use super::text::{Fresh, Json};
use crate::contract::Contract;

/// Nesting from which on only what has to be is made; schemas may refer to themselves.
const DEEPEST: usize = 6;
/// Most values that one is made of; what has to be is left out beyond it, and beyond twice the nesting.
const MOST_VALUES: usize = 5_000;
/// Most elements of an array.
const MOST_ELEMENTS: usize = 200;
/// Longest text.
const LONGEST: usize = 10_000;

/// Texts that trip what is not careful with text.
const TEXTS: [&str; 10] = ["", " ", "é", "e\u{301}", "日本語", "👩‍🔬", "\u{202e}abc", "O'Brien; --", "%_\\", "a\u{0}b"];

/// Makes values.
pub(super) struct Maker<'a> {
    /// What schemas refer to.
    pub(super) contract: &'a Contract,
    /// What earlier answers had.
    pub(super) seen: &'a Seen,
    /// Where chance comes from.
    pub(super) random: &'a mut Xoshiro256PlusPlus,
    /// Number of the next text that is new in every attempt.
    pub(super) fresh: &'a mut u32,
    /// Whether values at the limits are wanted.
    pub(super) edge: bool,
    /// How many values the present one is made of so far.
    pub(super) made: usize,
}

impl Maker<'_> {
    /// A value for a member or parameter of that name.
    pub(super) fn value(&mut self, name: &str, schema: &Value) -> Json {
        self.made = 0;
        self.at_depth(name, schema, 0)
    }

    fn at_depth(&mut self, name: &str, schema: &Value, depth: usize) -> Json {
        let schema = &*self.contract.resolve(schema);
        if let Some(chosen) = self.listed(schema) {
            return chosen;
        }
        self.made += 1;
        if self.made > MOST_VALUES || depth > DEEPEST * 2 {
            return self.shallow(name, schema);
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(choices) = schema.get(word).and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
                let choice = self.choice(choices, depth);
                return self.at_depth(name, choice, depth + 1);
            }
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.all_of(schema, parts, depth);
        }
        self.of_type(name, schema, depth)
    }

    /// A value of the type that the schema says.
    fn of_type(&mut self, name: &str, schema: &Value, depth: usize) -> Json {
        match self.type_of(schema) {
            "object" => Json::Object(self.members(schema, depth)),
            "array" => self.array(name, schema, depth),
            "integer" => self.integer(name, schema),
            "number" => self.number(schema),
            "boolean" => Json::Raw(self.chance(0.5).to_string()),
            "null" => Json::Raw("null".to_owned()),
            _ => self.string(name, schema),
        }
    }

    /// One of several schemas: of a deep one, one that ends here, if there is any.
    fn choice<'s>(&mut self, choices: &'s [Value], depth: usize) -> &'s Value {
        let flat: Vec<&Value> = choices.iter().filter(|choice| depth >= DEEPEST && self.is_flat(choice)).collect();
        match flat.len() {
            0 => &choices[self.below(choices.len())],
            many => flat[self.below(many)],
        }
    }

    /// Whether nothing is made of a schema but a scalar.
    fn is_flat(&self, schema: &Value) -> bool {
        let schema = &*self.contract.resolve(schema);
        let nests = ["oneOf", "anyOf", "allOf", "properties", "items"].iter().any(|word| schema.get(word).is_some());
        let is_named = ["const", "enum"].iter().any(|word| schema.get(word).is_some());
        let scalar = |name: &str| !matches!(name, "object" | "array");
        is_named
            || !nests
                && match schema.get("type") {
                    Some(Value::String(only)) => scalar(only),
                    Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).all(scalar),
                    _ => true,
                }
    }

    /// A value in which nothing else is: what is deeper is not made, even where it would have to be.
    fn shallow(&mut self, name: &str, schema: &Value) -> Json {
        if self.is_flat(schema) {
            return self.of_type(name, schema, DEEPEST * 2);
        }
        let is_choice = ["oneOf", "anyOf"].iter().any(|word| schema.get(word).is_some());
        match self.type_of(schema) {
            "array" => Json::Array(Vec::new()),
            "object" => Json::Object(Vec::new()),
            _ if is_choice => Json::Raw("null".to_owned()),
            _ => Json::Object(Vec::new()),
        }
    }

    /// A value that the schema itself names, now and then also where it need not be one of these.
    fn listed(&mut self, schema: &Value) -> Option<Json> {
        if let Some(only) = schema.get("const") {
            return Some(Json::Raw(only.to_string()));
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
            return Some(Json::Raw(choices[self.below(choices.len())].to_string()));
        }
        let example = schema.get("example").or_else(|| schema.get("default"));
        let example = example.or_else(|| schema.get("examples").and_then(|examples| examples.get(0)));
        example.filter(|_| !self.edge && self.chance(0.2)).map(|example| Json::Raw(example.to_string()))
    }

    /// The type to make, of those that the schema allows; `null` seldom where there is another.
    fn type_of<'s>(&mut self, schema: &'s Value) -> &'s str {
        match schema.get("type") {
            Some(Value::String(only)) => only,
            Some(Value::Array(types)) => {
                let types: Vec<&str> = types.iter().filter_map(Value::as_str).collect();
                let others: Vec<&str> = types.iter().copied().filter(|name| *name != "null").collect();
                let is_null = others.is_empty() || others.len() < types.len() && self.chance(0.15);
                if is_null { "null" } else { others[self.below(others.len())] }
            }
            _ if schema.get("properties").is_some() => "object",
            _ if schema.get("items").is_some() => "array",
            _ => "string",
        }
    }

    fn all_of(&mut self, schema: &Value, parts: &[Value], depth: usize) -> Json {
        if depth >= DEEPEST {
            return Json::Object(Vec::new());
        }
        let mut members = self.members(schema, depth);
        for part in parts {
            match self.at_depth("", part, depth + 1) {
                Json::Object(more) => members.extend(more),
                other if schema.get("properties").is_none() && parts.len() == 1 => return other,
                _ => {}
            }
        }
        Json::Object(members)
    }

    fn members(&mut self, schema: &Value, depth: usize) -> Vec<(String, Json)> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut members = Vec::new();
        for (name, property) in properties {
            let is_wanted = required.contains(&name.as_str()) || depth < DEEPEST && self.chance(0.4);
            if is_wanted {
                members.push((name.clone(), self.at_depth(name, property, depth + 1)));
            }
        }
        members
    }

    fn array(&mut self, name: &str, schema: &Value, depth: usize) -> Json {
        let least = count(schema, "minItems").unwrap_or(0).min(MOST_ELEMENTS);
        let most = count(schema, "maxItems").unwrap_or(least + 3).min(MOST_ELEMENTS).max(least);
        let length = match () {
            () if depth >= DEEPEST => least,
            () if self.edge && self.chance(0.5) => [least, most][self.below(2)],
            () => self.random.random_range(least..=most.min(least + 2)),
        };
        let Some(items) = schema.get("items") else { return Json::Array(Vec::new()) };
        Json::Array((0..length).map(|_| self.at_depth(name, items, depth + 1)).collect())
    }

    fn integer(&mut self, name: &str, schema: &Value) -> Json {
        if let Some(seen) = self.seen_before(name) {
            return seen;
        }
        let (low, high) = whole_limits(schema);
        let number = if self.edge && self.chance(0.6) {
            [low, low.saturating_add(1), high.saturating_sub(1), high][self.below(4)].clamp(low, high)
        } else {
            self.random.random_range(low..=high.min(low.saturating_add(1_000)))
        };
        let step = schema.get("multipleOf").and_then(Value::as_i64).filter(|step| *step > 0);
        Json::Raw(step.map_or(number, |step| number.saturating_sub(number.rem_euclid(step))).to_string())
    }

    fn number(&mut self, schema: &Value) -> Json {
        let (low, high) = whole_limits(schema);
        let text = match self.below(5) {
            0 if self.edge => low.to_string(),
            1 if self.edge => high.to_string(),
            2 if low <= 0 => "0.1".to_owned(),
            3 => format!("{}.50", self.random.random_range(low..=high.min(low.saturating_add(100)))),
            _ => self.random.random_range(low..=high.min(low.saturating_add(1_000))).to_string(),
        };
        Json::Raw(text)
    }

    fn string(&mut self, name: &str, schema: &Value) -> Json {
        let least = count(schema, "minLength").unwrap_or(0).min(LONGEST);
        let most = count(schema, "maxLength").unwrap_or(255).min(LONGEST).max(least);
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let is_email = format == "email" || name.to_ascii_lowercase().contains("email");
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && let Some(text) = pattern::matching(pattern, self.random)
        {
            return Json::string(&text);
        }
        match format {
            "date-time" => {
                return Json::string(["2024-02-29T23:59:60Z", "2024-09-01T08:00:00.000001+02:00"][self.below(2)]);
            }
            "date" => return Json::string(["2024-02-29", "1999-12-31"][self.below(2)]),
            "uuid" => return Json::string("6f1c9a52-7b0e-4d53-9c1a-0f3c52d1a001"),
            "uri" => return Json::string("https://example.org/a?b=c#d"),
            _ => {}
        }
        if self.chance(0.15)
            && let Some(seen) = self.seen_before(name)
        {
            return seen;
        }
        if self.edge && self.chance(0.6) && !is_email {
            return Json::string(&match self.below(3) {
                0 => "a".repeat(least),
                1 => "z".repeat(most),
                _ => TEXTS[self.below(TEXTS.len())]
                    .chars()
                    .chain("a".repeat(least).chars())
                    .take(most)
                    .collect::<String>(),
            });
        }
        *self.fresh += 1;
        let after = if is_email { "@example.org" } else { "" };
        Json::Fresh(Fresh { number: *self.fresh, before: "", after })
    }

    /// What an earlier answer had under that name.
    fn seen_before(&mut self, name: &str) -> Option<Json> {
        if name.is_empty() || !self.chance(0.7) {
            return None;
        }
        self.seen.any(name, self.random).map(|value| Json::Raw(value.to_owned()))
    }

    fn chance(&mut self, share: f64) -> bool {
        self.random.random_bool(share)
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }
}

fn count(schema: &Value, name: &str) -> Option<usize> {
    schema.get(name).and_then(Value::as_u64).map(|count| count as usize)
}

/// Lowest and highest whole number that the schema admits.
fn whole_limits(schema: &Value) -> (i64, i64) {
    let whole =
        |name: &str| schema.get(name).and_then(|value| value.as_i64().or_else(|| value.as_f64().map(|n| n as i64)));
    let (widest_low, widest_high) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let low = whole("minimum").or_else(|| whole("exclusiveMinimum").map(|low| low.saturating_add(1)));
    let high = whole("maximum").or_else(|| whole("exclusiveMaximum").map(|high| high.saturating_sub(1)));
    let low = low.unwrap_or(widest_low.max(high.unwrap_or(0).saturating_sub(1_000).min(0)));
    let high = high.unwrap_or(widest_high).max(low);
    (low, high)
}

#[cfg(test)]
mod tests;
