//! Sequences of calls by chance: ordinary ones, ones at the limits, and ones that are wrong in one way.

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::call::{Argument, Call, Caller, Payload};
use super::seen::Seen;
use super::spoil::spoil;
use super::targets::{Operation, Parameter, Piece};
use super::text::Json;
use super::values::Maker;
use crate::contract::{Contract, encoded};

/// Longest sequence.
const LONGEST: usize = 5;

/// Makes one sequence.
pub(super) struct Generator<'a> {
    /// What can be asked for.
    pub(super) operations: &'a [Operation<'a>],
    /// What their schemas refer to.
    pub(super) contract: &'a Contract,
    /// What earlier answers had.
    pub(super) seen: &'a Seen,
    /// Where chance comes from: a stream for this sequence alone.
    pub(super) random: Xoshiro256PlusPlus,
    /// Texts made so far.
    pub(super) fresh: u32,
}

/// How a call is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Ordinary,
    AtTheLimits,
    Wrong,
}

impl<'a> Generator<'a> {
    /// A sequence: often one call, otherwise something is made first and then asked for, changed, made again.
    pub(super) fn sequence(&mut self) -> Vec<Call> {
        let chosen = self.below(self.operations.len());
        let operation = &self.operations[chosen];
        let makers: Vec<usize> = (0..self.operations.len())
            .filter(|maker| {
                let maker = &self.operations[*maker];
                maker.makes() && (operation.is_about(maker) || std::ptr::eq(operation, maker))
            })
            .collect();
        if makers.is_empty() || self.chance(0.4) {
            let mood = self.mood();
            return vec![self.call(chosen, mood, None)];
        }
        let maker = makers[self.below(makers.len())];
        let mut calls = vec![self.call(maker, Mood::Ordinary, None)];
        while calls.len() < LONGEST && (calls.len() == 1 || self.chance(0.4)) {
            let next = self.follow_up(maker, chosen, &calls);
            calls.push(next);
        }
        calls
    }

    /// A call after `calls[0]` has made something.
    fn follow_up(&mut self, maker: usize, chosen: usize, calls: &[Call]) -> Call {
        // The same again: what is unique is there already, what was stale is still stale.
        if self.chance(0.2) {
            return calls[self.below(calls.len())].clone();
        }
        let about: Vec<usize> = (0..self.operations.len())
            .filter(|other| self.operations[*other].is_about(&self.operations[maker]))
            .collect();
        let next = if calls.len() == 1 || about.is_empty() { chosen } else { about[self.below(about.len())] };
        let mood = self.mood();
        let mut call = self.call(next, mood, Some(0));
        // Another row with part of what the first has, so that one unique value collides and the others do not.
        if let (Payload::Json(Json::Object(members)), Payload::Json(Json::Object(first))) =
            (&mut call.body, &calls[0].body)
            && self.random.random_bool(0.3)
        {
            for (name, value) in members {
                if let Some((_, same)) = first.iter().find(|(other, _)| other == name)
                    && self.random.random_bool(0.5)
                {
                    *value = same.clone();
                }
            }
        }
        call
    }

    fn mood(&mut self) -> Mood {
        match self.below(10) {
            0..5 => Mood::Ordinary,
            5..7 => Mood::AtTheLimits,
            _ => Mood::Wrong,
        }
    }

    fn call(&mut self, number: usize, mood: Mood, made: Option<usize>) -> Call {
        let operation = &self.operations[number];
        let edge = mood == Mood::AtTheLimits;
        let path = operation.path.iter().map(|piece| self.piece(operation, piece, edge, made)).collect();
        let query = self.parameters(&operation.query, edge);
        let headers = self.parameters(&operation.headers, edge);
        let body = match operation.body {
            Some(schema) => Payload::Json(self.maker(edge).value("", schema)),
            None => Payload::Nothing,
        };
        let method = operation.method.clone();
        let mut call = Call { operation: number, method, path, query, headers, body, caller: Caller::Plan };
        if mood == Mood::Wrong {
            spoil(&mut call, &mut self.random);
        }
        call
    }

    fn piece(
        &mut self,
        operation: &'a Operation<'a>,
        piece: &'a Piece<'a>,
        edge: bool,
        made: Option<usize>,
    ) -> Argument {
        let parameter = match piece {
            Piece::Text(text) => return Argument::Text(text.clone()),
            Piece::Variable(parameter) => parameter,
        };
        if let Some(call) = made
            && self.chance(0.8)
        {
            return Argument::IdOf(call);
        }
        if self.chance(0.6)
            && let Some(seen) = self.id_of(operation, &parameter.name)
        {
            return seen;
        }
        match self.maker(edge).value(&parameter.name, parameter.schema).into() {
            // Nothing of what was made may pass for a separator of the path.
            Argument::Text(text) => Argument::Text(encoded(&text)),
            other => other,
        }
    }

    /// An id that an answer had: of this collection, or under a name like `class_id` for `/classes/{id}`.
    fn id_of(&mut self, operation: &Operation<'_>, name: &str) -> Option<Argument> {
        let collection = operation.resource.rsplit('/').next().unwrap_or_default();
        let singular = collection.strip_suffix("ses").map(|stem| format!("{stem}s"));
        let singular = singular.or_else(|| collection.strip_suffix('s').map(str::to_owned)).unwrap_or_default();
        let names = [operation.resource.clone(), format!("{singular}_id"), format!("{singular}Id"), name.to_owned()];
        let found = names.iter().find_map(|name| self.seen.any(name, &mut self.random))?;
        Some(Json::Raw(found.to_owned()).into())
    }

    fn parameters(&mut self, parameters: &'a [Parameter<'a>], edge: bool) -> Vec<(String, Argument)> {
        let mut chosen = Vec::new();
        for parameter in parameters {
            if parameter.is_required || self.chance(0.35) {
                chosen.push((parameter.name.clone(), self.parameter(parameter, edge)));
            }
        }
        chosen
    }

    fn parameter(&mut self, parameter: &'a Parameter<'a>, edge: bool) -> Argument {
        // A precondition asks for a tag that an answer had.
        let is_condition = parameter.name.to_ascii_lowercase().starts_with("if-");
        let tag = if is_condition { self.seen.any("etag", &mut self.random) } else { None };
        match tag.filter(|_| self.chance(0.6)) {
            Some(tag) => Argument::Text(tag.to_owned()),
            None => self.maker(edge).value(&parameter.name, parameter.schema).into(),
        }
    }

    const fn maker(&mut self, edge: bool) -> Maker<'_> {
        let Self { contract, seen, random, fresh, .. } = self;
        Maker { contract, seen, random, fresh, edge, made: 0 }
    }

    fn chance(&mut self, share: f64) -> bool {
        self.random.random_bool(share)
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }
}

#[cfg(test)]
mod tests;
