//! Tests that need more than one file of the room, or a server.

mod endpoint;
mod mapping;
mod observer;
mod postgres;
mod windows;
