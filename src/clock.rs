//! Time since the start of a run, and waiting that is finer than a millisecond.
