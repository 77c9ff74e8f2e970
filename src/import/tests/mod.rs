//! What is imported survives: as a file, and as the requests that the file stands for.

mod draft;
mod har;
mod openapi;
mod recording;
