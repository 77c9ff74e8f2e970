//! Which of the requests that were recorded are of the API, and why the others are not steps of a plan.

use super::exchange::Exchange;
use super::seal::header;

/// Why an exchange does not become a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Dropped {
    /// Pictures, fonts, scripts and styles.
    #[error("static assets (`--all` keeps them)")]
    StaticAsset,
    /// HTML.
    #[error("HTML pages (`--all` keeps them)")]
    Page,
    /// Figures, different each time.
    #[error("scrapes of metrics (`--all` keeps them)")]
    Metrics,
    /// A browser asked whether it may ask.
    #[error("preflights of a browser")]
    Preflight,
    /// Another service.
    #[error("requests to other hosts")]
    OtherHost,
    /// A plan has no such method.
    #[error("with a method that a plan cannot send")]
    Method,
    /// The path cannot be sent.
    #[error("with a URL that cannot be sent as it is")]
    Target,
    /// The answer never came, or switched protocols.
    #[error("without an answer: cancelled, blocked, or of another protocol")]
    NoAnswer,
    /// The request's body was not kept whole.
    #[error("with a body too long for a plan")]
    TooLong,
    /// The request's body is not text.
    #[error("with a body that is not text")]
    NotText,
    /// A body with a secret in it, of a form in which it cannot be replaced.
    #[error("with a secret in a form, where no variable can take its place")]
    SecretForm,
    /// The plan is large enough.
    #[error("beyond the limit (`--max-steps`)")]
    Limit,
}

const ASSETS: [&str; 24] = [
    "avif",
    "bmp",
    "css",
    "eot",
    "gif",
    "ico",
    "jpeg",
    "jpg",
    "js",
    "map",
    "mjs",
    "mp3",
    "mp4",
    "ogg",
    "otf",
    "png",
    "svg",
    "ttf",
    "wasm",
    "webm",
    "webmanifest",
    "webp",
    "woff",
    "woff2",
];

/// Why a request is not one of the API; `None`: it is.
pub fn unwanted(exchange: &Exchange) -> Option<Dropped> {
    if exchange.method == "OPTIONS" && header(&exchange.request_headers, "access-control-request-method").is_some() {
        return Some(Dropped::Preflight);
    }
    if !matches!(&*exchange.method, "GET" | "HEAD") {
        return None;
    }
    let path = exchange.target.split('?').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let kind = header(&exchange.response_headers, "content-type").unwrap_or_default().to_ascii_lowercase();
    let is_asset = ["image/", "font/", "audio/", "video/", "text/css"].iter().any(|start| kind.starts_with(start))
        || kind.contains("javascript")
        || file == "favicon.ico"
        || extension.is_some_and(|extension| ASSETS.contains(&&*extension)) && !kind.contains("json");
    if kind.contains("openmetrics") || kind.starts_with("text/plain") && kind.contains("version=0.0.4") {
        return Some(Dropped::Metrics);
    }
    let is_page = kind.starts_with("text/html") || kind.starts_with("application/xhtml");
    if is_asset {
        return Some(Dropped::StaticAsset);
    }
    is_page.then_some(Dropped::Page)
}
