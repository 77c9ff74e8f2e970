//! Answers → differences. Pure: no clock, no network, nothing awaited.
