//! The failing cases of one phase: the first of each group of differences, as many as a record can hold.

use crate::record::Class;
use crate::record::reproduce::FailingCase;

/// Most failing cases that are kept.
const MAX_CASES: usize = 50;
/// Failing cases beyond which one without a breaking difference is not kept.
const MAX_HARMLESS_CASES: usize = 20;
/// Bytes of all failing cases together that are kept at most.
const MAX_CASE_BYTES: usize = 1 << 20;

/// The failing cases so far.
#[derive(Debug, Default)]
pub struct Cases {
    kept: Vec<FailingCase>,
    left_out: u64,
    bytes: usize,
}

impl Cases {
    /// Goes on with cases that were kept before.
    pub fn after(kept: Vec<FailingCase>, left_out: u64) -> Self {
        let bytes = kept.iter().map(size).sum();
        Self { kept, left_out, bytes }
    }

    /// Keeps a case of differences of which the gravest has this class; its number, or `None` if there is no room.
    pub fn keep(&mut self, case: FailingCase, gravest: Class) -> Option<usize> {
        let most = if gravest == Class::Breaking { MAX_CASES } else { MAX_HARMLESS_CASES };
        if self.kept.len() >= most || self.bytes + size(&case) > MAX_CASE_BYTES {
            self.left_out += 1;
            return None;
        }
        self.bytes += size(&case);
        self.kept.push(case);
        Some(self.kept.len() - 1)
    }

    /// The requests that led to a case that was kept without them; too long ones are left out.
    pub fn give_requests(&mut self, number: usize, lines: &[String]) {
        let bytes: usize = lines.iter().map(String::len).sum();
        if let Some(case) = self.kept.get_mut(number).filter(|_| self.bytes + bytes <= MAX_CASE_BYTES) {
            self.bytes += bytes;
            case.requests = lines.to_vec();
        }
    }

    /// The cases, and how many were left out.
    pub fn into_parts(self) -> (Vec<FailingCase>, u64) {
        (self.kept, self.left_out)
    }
}

fn size(case: &FailingCase) -> usize {
    let queries = case.queries.iter().filter_map(|(_, query)| query.as_ref()).map(String::len).sum::<usize>();
    case.diff.len() + case.requests.iter().map(String::len).sum::<usize>() + queries
}
