//! Students: what they are, what clients may send, how they are stored, what may be done with them.

mod input;
mod late;
mod model;
mod repository;
pub(crate) mod routes;
mod service;
