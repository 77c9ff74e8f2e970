//! The story of a run: provision, parity, load, judge, write. The only place where floors meet.
