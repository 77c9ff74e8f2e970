//! Headers of one connection only, which a proxy does not pass on (RFC 9110, 7.6.1).

use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, TE, UPGRADE};

const HOP_BY_HOP: [&str; 6] = ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// Takes out what is of this connection only. `Trailer` stays: trailers are passed on.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// The headers of a request as they go on.
pub(super) fn request(headers: &mut HeaderMap, host: Option<&HeaderValue>) {
    let upgrade = upgrade(headers);
    let takes_trailers = headers.get(TE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    strip(headers);
    // We have answered it ourselves: the body is passed on as soon as it comes.
    headers.remove(http::header::EXPECT);
    if let Some(host) = host {
        headers.insert(HOST, host.clone());
    }
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    } else if takes_trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// The protocol that a message switches to.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut asked = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let is_asked = asked.any(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade")));
    headers.get(UPGRADE).filter(|_| is_asked).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_is_of_one_connection_is_not_passed_on() {
        let mut headers = map(&[
            ("connection", "keep-alive, X-Private"),
            ("keep-alive", "timeout=5"),
            ("x-private", "1"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("host", "proxy"),
            ("accept", "*/*"),
            ("trailer", "x-sum"),
            ("upgrade", "h2c"),
        ]);
        request(&mut headers, Some(&HeaderValue::from_static("upstream:80")));
        assert_eq!(headers, map(&[("host", "upstream:80"), ("accept", "*/*"), ("trailer", "x-sum")]));
    }

    #[test]
    fn a_wish_for_another_protocol_is_passed_on() {
        let mut headers = map(&[("connection", "Upgrade"), ("upgrade", "websocket"), ("host", "proxy")]);
        request(&mut headers, None);
        assert_eq!(headers, map(&[("host", "proxy"), ("connection", "upgrade"), ("upgrade", "websocket")]));
    }
}
