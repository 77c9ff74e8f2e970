//! What names and looks of values say: secrets, identities, times, and headers that are nobody's business.

/// Parts of the names of members, parameters and headers whose values are secrets.
const SECRET: [&str; 18] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "authorization",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
    "private_key",
    "credential",
    "csrf",
    "xsrf",
    "jwt",
    "signature",
    "session_id",
];

/// Whole names of secrets that are too short to be parts.
const SECRET_WORDS: [&str; 9] = ["otp", "pwd", "pass", "pin", "auth", "sid", "sessionid", "jsessionid", "phpsessid"];

/// Names that hold such a word and are no secrets.
const HARMLESS: [&str; 4] = ["token_type", "tokentype", "max_tokens", "token_count"];

/// How well-known secrets begin.
const PREFIXES: [&str; 9] =
    ["eyJ", "sk_live_", "sk_test_", "sk-", "ghp_", "github_pat_", "xoxb-", "AKIA", "-----BEGIN"];

/// Headers that a plan does not repeat: of the connection, of the browser, of proxies on the way.
const NOISE: [&str; 34] = [
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "date",
    "dnt",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "pragma",
    "priority",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "purpose",
    "referer",
    "save-data",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "x-real-ip",
    "x-requested-with",
    "x-client-data",
    "keepalive",
];

/// Headers with the identity of one request.
const REQUEST_IDS: [&str; 9] = [
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "correlation-id",
    "x-trace-id",
    "x-amzn-requestid",
    "x-amzn-trace-id",
    "cf-ray",
    "x-b3-traceid",
];

/// Whether what has this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_part = SECRET.iter().any(|secret| name.contains(secret));
    !HARMLESS.contains(&&*name) && (is_part || SECRET_WORDS.contains(&&*name))
}

/// Whether a cookie of this name is one by which a service knows its callers.
pub(super) fn is_session_cookie(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_secret(name) || ["sess", "auth", "login", "remember", "sid"].iter().any(|part| lower.contains(part))
}

/// Whether a value is a secret whatever its name is.
pub(super) fn looks_secret(text: &str) -> bool {
    text.len() >= 16 && PREFIXES.iter().any(|prefix| text.starts_with(prefix)) && !text.contains(' ')
}

/// Whether a request header is not repeated by a plan.
pub(super) fn is_noise(name: &str) -> bool {
    let starts = ["sec-", "x-forwarded-", "proxy-", ":", "x-b3-", "cf-"];
    NOISE.contains(&name) || is_request_id(name) || starts.iter().any(|start| name.starts_with(start))
}

/// Whether a header has the identity of one request.
pub(super) fn is_request_id(name: &str) -> bool {
    REQUEST_IDS.contains(&name)
}

/// Whether a value is so odd that it is not the same by chance.
pub(super) fn is_odd(text: &str) -> bool {
    let has = |class: fn(&char) -> bool| text.chars().any(|c| class(&c));
    let letters = has(char::is_ascii_alphabetic);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_word = text.chars().all(|c| c.is_ascii_graphic()) && !text.contains(['@', '/', ' ', '"', ',']);
    is_word && !is_time(text) && ((letters && digits > 0 && text.len() >= 8) || text.len() >= 20 || digits >= 10)
}

/// Whether it looks like a date or a time.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[..4].iter().all(u8::is_ascii_digit)
}

/// Whether a name says that its value is an identity of something.
pub(super) fn is_identity(name: &str) -> bool {
    stem(name).is_some() || ["version", "revision", "cursor", "next", "slug"].contains(&&*name.to_ascii_lowercase())
}

/// What the identity is of: `student_id` and `studentId` → `student`, `id` → nothing; `None`: it is no identity.
pub(super) fn stem(name: &str) -> Option<String> {
    let mut words = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_lower {
            words.push('_');
        }
        after_lower = c.is_ascii_lowercase();
        words.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    ["id", "ids", "uuid", "guid", "key", "no", "number"].iter().find_map(|end| {
        let rest = words.strip_suffix(end)?;
        (rest.is_empty() || rest.ends_with('_')).then(|| singular(rest.trim_matches('_')))
    })
}

/// `students` → `student`, `classes` → `class`.
pub(super) fn singular(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    let es = ["sses", "xes", "ches", "shes"].iter().any(|end| word.ends_with(end));
    match word.strip_suffix("ies") {
        Some(rest) => format!("{rest}y"),
        None if es => word[..word.len() - 2].to_owned(),
        None if word.ends_with('s') && !word.ends_with("ss") => word[..word.len() - 1].to_owned(),
        None => word,
    }
}

/// A name as a variable of a plan or of the environment may be called.
pub(super) fn identifier(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = name.chars().take(40).map(word).collect();
    let name = name.trim_matches('_');
    match name {
        "" => "value".to_owned(),
        "unique" | "random" => format!("{name}_value"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("v{name}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names_and_looks() {
        for name in
            ["password", "newPassword", "access_token", "X-Api-Key", "csrf-token", "pwd", "Authorization", "sid"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["token_type", "max_tokens", "name", "passenger", "side", "author", "page"] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(looks_secret("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x") && !looks_secret("eyJ"));
    }

    #[test]
    fn identities_are_of_something() {
        for (name, of) in [
            ("id", Some("")),
            ("student_id", Some("student")),
            ("studentId", Some("student")),
            ("class-ids", Some("class")),
            ("studentID", Some("student")),
            ("paid", None),
            ("name", None),
            ("student_no", Some("student")),
        ] {
            assert_eq!(stem(name).as_deref(), of, "{name}");
        }
        for (many, one) in
            [("students", "student"), ("classes", "class"), ("cities", "city"), ("news", "new"), ("class", "class")]
        {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn odd_values_are_no_coincidence() {
        for text in ["8f14e45fceea167a", "S-2024-001", "123e4567-e89b-12d3-a456-426614174000", "1234567890123"] {
            assert!(is_odd(text), "{text}");
        }
        for text in ["active", "1", "20", "2024-01-01T00:00:00Z", "Ada Lovelace", "ada1@example.org", "graduated"] {
            assert!(!is_odd(text), "{text}");
        }
    }
}
