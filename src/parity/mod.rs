//! Replays flows on both sides and compares every answer.
