//! Who calls: bearer tokens, roles, and the query of its own that every role check is.
//!
//! Tokens are random, stored as SHA-256 only, and looked up at every request. Passwords are one round of salted
//! SHA-256, so that logging in costs a load test nothing: enough for a reference service with public
//! passwords, never enough for a real one (use Argon2 there).

pub(crate) mod routes;
mod service;

use sha2::{Digest, Sha256};

use crate::http::{Permission, Problem};

pub(crate) use service::check;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Their user.
    pub(crate) user_id: i64,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Admin,
    Teacher,
    Viewer,
}

impl Caller {
    fn new(user_id: i64, role: &str) -> Option<Self> {
        let role = match role {
            "admin" => Role::Admin,
            "teacher" => Role::Teacher,
            "viewer" => Role::Viewer,
            _ => return None,
        };
        Some(Self { user_id, role })
    }

    /// Whether the role allows it.
    pub(crate) fn may(&self, needs: Permission) -> Result<(), Problem> {
        match (self.role, needs) {
            (Role::Admin | Role::Teacher, _) | (Role::Viewer, Permission::Read) => Ok(()),
            (Role::Viewer, Permission::Write) => Err(Problem::Forbidden),
        }
    }
}

/// What is stored for a password.
pub(crate) fn password_hash(salt: &str, password: &str) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(":").chain_update(password).finalize())
}

/// What is stored for a token.
fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[digit as usize])));
        text
    })
}
