//! One step done once: rendered, sent, captured, expected.
