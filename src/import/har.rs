//! HAR files (HTTP Archive 1.2), entry by entry: a file may be larger than the memory, or end in the middle.

use std::cell::Cell;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use har::v1_2::{Content as HarContent, Headers, PostData};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::exchange::{Content, Exchange};

/// Bytes of an answer that are read for values; more of it says nothing new.
const KEPT: usize = 4 << 20;

/// What was read of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HarRead {
    /// Entries, good and bad.
    pub entries: usize,
    /// Entries that are none, with the number of the first and why.
    pub broken: usize,
    /// The first of them.
    pub first_broken: Option<(usize, String)>,
    /// Entries whose answer has a size and no body: exported without content.
    pub without_content: usize,
    /// Where the file ends too soon, and how that looks.
    pub cut: Option<String>,
    /// Who wrote it.
    pub creator: String,
}

/// Why a file is no HAR at all.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// It is something else.
    #[error("this is no HAR: {0}")]
    NotHar(String),
}

/// Reads a HAR and gives each exchange to `take`. A file that is cut off gives what is whole.
///
/// # Errors
/// [`HarError`] if it has no entry and never was a HAR.
pub fn read_har(input: impl Read, mut take: impl FnMut(Exchange)) -> Result<HarRead, HarError> {
    let mut read = HarRead::default();
    let mut state = State { read: &mut read, take: &mut take, saw_entries: false };
    let bytes = Cell::new(0);
    let input = without_mark(Counted { input, bytes: &bytes });
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let outcome = Document(&mut state).deserialize(&mut deserializer);
    let saw_entries = state.saw_entries;
    if let Err(error) = outcome {
        if !saw_entries {
            return Err(HarError::NotHar(error.to_string()));
        }
        let end = format!("it ends in the middle of an entry, at byte {}", bytes.get());
        read.cut = Some(if error.is_eof() { end } else { error.to_string() });
    } else if !saw_entries {
        return Err(HarError::NotHar("it has no `log.entries`".to_owned()));
    }
    Ok(read)
}

struct State<'s> {
    read: &'s mut HarRead,
    take: &'s mut dyn FnMut(Exchange),
    saw_entries: bool,
}

/// `{"log": …}`
struct Document<'a, 's>(&'a mut State<'s>);
/// `{"entries": …}`
struct Log<'a, 's>(&'a mut State<'s>);
/// `[…]`
struct Entries<'a, 's>(&'a mut State<'s>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `log`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "log" {
                map.next_value_seed(Log(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Log<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Log<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `entries`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match &*name {
                "entries" => map.next_value_seed(Entries(self.0))?,
                "creator" => self.0.read.creator = map.next_value::<Lenient<Creator>>()?.0.unwrap_or_default().name,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let State { read, take, saw_entries } = self.0;
        *saw_entries = true;
        // As text first: what is wrong in one entry, such as half of a character, is no matter of the others.
        while let Some(entry) = entries.next_element::<Box<RawValue>>()? {
            read.entries += 1;
            match exchange_of(&entry) {
                Ok((exchange, without_content)) => {
                    read.without_content += usize::from(without_content);
                    take(exchange);
                }
                Err(error) => {
                    read.broken += 1;
                    read.first_broken.get_or_insert((read.entries, error));
                }
            }
        }
        Ok(())
    }
}

/// A value that may be of another shape than it should.
#[derive(Debug)]
struct Lenient<T>(Option<T>);

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer).map_err(D::Error::custom)?;
        Ok(Self(T::deserialize(value).ok()))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Creator {
    name: String,
}

/// What is needed of an entry. Programs leave out or misspell much of the rest, which the format demands and we do not.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    pageref: Option<String>,
    started_date_time: String,
    request: Request,
    response: Response,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Headers>,
    post_data: Option<PostData>,
}

#[derive(Debug, Deserialize)]
struct Response {
    status: i64,
    #[serde(default)]
    headers: Vec<Headers>,
    content: Option<HarContent>,
}

/// The exchange of an entry, and whether its answer has a size and no body.
fn exchange_of(entry: &RawValue) -> Result<(Exchange, bool), String> {
    let entry: serde_json::Value = serde_json::from_str(entry.get()).map_err(|error| error.to_string())?;
    let without_content = is_without_content(&entry);
    let entry = Entry::deserialize(entry).map_err(|error| error.to_string())?;
    Ok((exchange(entry)?, without_content))
}

fn is_without_content(entry: &serde_json::Value) -> bool {
    let content = &entry["response"]["content"];
    content["size"].as_i64().is_some_and(|size| size > 0) && content.get("text").is_none()
}

fn exchange(entry: Entry) -> Result<Exchange, String> {
    let url = url::Url::parse(&entry.request.url).map_err(|error| format!("its URL: {error}"))?;
    let at: jiff::Timestamp = entry.started_date_time.parse().map_err(|_| "its time is none".to_owned())?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request_headers = pairs(entry.request.headers);
    let content = entry.response.content.unwrap_or_default();
    let mut response_headers = pairs(entry.response.headers);
    // Bodies stand in the file unpacked.
    response_headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding"));
    if let Some(kind) = content.mime_type.as_ref().filter(|kind| !kind.is_empty())
        && super::seal::header(&response_headers, "content-type").is_none()
    {
        response_headers.push(("content-type".to_owned(), kind.clone()));
    }
    Ok(Exchange {
        session: entry.pageref.unwrap_or_default(),
        at_us: u64::try_from(at.as_microsecond()).unwrap_or_default(),
        origin: url.origin().ascii_serialization(),
        method: entry.request.method.to_ascii_uppercase(),
        target: format!("{}{query}", url.path()),
        request_body: entry.request.post_data.map(|data| sent(data, &request_headers)).unwrap_or_default(),
        request_headers,
        status: u16::try_from(entry.response.status).unwrap_or_default(),
        response_headers,
        response_body: received(content),
    })
}

fn pairs(headers: Vec<Headers>) -> Vec<(String, String)> {
    headers.into_iter().map(|header| (header.name, header.value)).collect()
}

/// A form may stand there as its fields only.
fn sent(data: PostData, headers: &[(String, String)]) -> Content {
    let is_cut = false;
    if let Some(text) = data.text.filter(|text| !text.is_empty()) {
        return Content { bytes: text.into_bytes(), is_cut };
    }
    let fields = data.params.unwrap_or_default();
    let is_form = !data.mime_type.starts_with("multipart/")
        && !super::seal::header(headers, "content-type").unwrap_or_default().starts_with("multipart/");
    if fields.is_empty() || !is_form {
        return Content { bytes: Vec::new(), is_cut: !fields.is_empty() };
    }
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for field in fields {
        form.append_pair(&field.name, &field.value.unwrap_or_default());
    }
    Content { bytes: form.finish().into_bytes(), is_cut }
}

fn received(content: HarContent) -> Content {
    let text = content.text.unwrap_or_default();
    let mut bytes = match content.encoding.as_deref() {
        // What is no base64 says nothing about values, and that is all that is asked of an answer's body.
        Some("base64") => STANDARD.decode(text.trim()).unwrap_or_default(),
        _ => text.into_bytes(),
    };
    let is_cut = bytes.len() > KEPT;
    bytes.truncate(KEPT);
    Content { bytes, is_cut }
}

/// Counts what was read.
struct Counted<'c, R> {
    input: R,
    bytes: &'c Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

/// The input without a byte order mark, which some programs write.
fn without_mark<R: Read>(input: R) -> BufReader<R> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    // An input that cannot be read says so again when it is.
    if input.fill_buf().is_ok_and(|start| start.starts_with(&[0xef, 0xbb, 0xbf])) {
        input.consume(3);
    }
    input
}
