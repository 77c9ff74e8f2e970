//! Tests of the whole: the program as people start it, real sockets on port 0, real databases.

mod cleanup;
mod cli;
mod contract;
mod defects;
mod explore;
mod faults;
mod floors;
mod hostile;
mod ids;
mod import_openapi;
mod intake;
mod leaks;
mod length;
mod live;
mod noise;
mod pacing;
mod reproduce;
mod scripted;
mod search;
mod secrets;
mod shards;
mod sides;
mod state;
mod support;
mod whole;
