//! Load through Goose: virtual users, pacing, recording.
