//! What a request and an answer are on the wire, with raw timestamps.
