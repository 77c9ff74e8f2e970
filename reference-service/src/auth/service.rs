//! Logging in, and the role check.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::FromRow;

use super::routes::{Credentials, Token};
use super::{Caller, hex, password_hash, token_hash};
use crate::db::{Session, Timestamp, values};
use crate::http::{Problem, Reply};

/// How long a token is good for, in seconds.
const EXPIRES_IN: i64 = 3600;

#[derive(FromRow)]
struct User {
    id: i64,
    password_salt: String,
    password_hash: String,
}

#[derive(FromRow)]
struct TokenUser {
    id: i64,
    role: String,
}

/// Finds out whose token it is.
pub(crate) fn check(session: &mut Session, token: String) -> BoxFuture<'_, Result<Caller, Problem>> {
    async move {
        let found = session
            .fetch_optional::<TokenUser>(
                "SELECT u.id, u.role FROM tokens t JOIN users u ON u.id = t.user_id \
                 WHERE t.token_hash = $1 AND t.expires_at > $2",
                &values![token_hash(&token), Timestamp::now()],
            )
            .await?;
        let caller = found.and_then(|user| Caller::new(user.id, &user.role));
        let caller = caller.ok_or(Problem::Unauthorized)?;
        Ok(session.defects().bleed(caller).await)
    }
    .boxed()
}

/// Hands out a token for the right password.
pub(super) async fn log_in(session: &mut Session, credentials: Credentials) -> Result<Reply<Token>, Problem> {
    let user = session
        .fetch_optional::<User>(
            "SELECT id, password_salt, password_hash FROM users WHERE username = $1",
            &values![credentials.username],
        )
        .await?
        .filter(|user| user.password_hash == password_hash(&user.password_salt, &credentials.password))
        .ok_or(Problem::InvalidCredentials)?;
    let token = hex(&rand::random::<[u8; 32]>());
    let now = Timestamp::now();
    session.begin_write().await?;
    session
        .execute(
            "INSERT INTO tokens (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            &values![token_hash(&token), user.id, now, now.plus_seconds(EXPIRES_IN)],
        )
        .await?;
    session.commit().await?;
    Ok(Reply::ok(Token { access_token: token, token_type: "bearer", expires_in: EXPIRES_IN }))
}
