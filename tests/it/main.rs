//! Tests of the whole: the program as people start it, real sockets on port 0, real databases.

mod cli;
mod defects;
mod floors;
mod hostile;
mod support;
mod whole;
