//! Path templates with typed captures, and the resources that captures are filled into.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::path::SEGMENTS_MAX;

/// The longest template, in bytes.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 2_048;

/// The longest object id, in bytes (`authzed.api.v1`).
pub(crate) const OBJECT_ID_BYTES_MAX: usize = 1_024;

/// The most that `base64url` captures, in bytes: its encoding is no longer than an object id may be.
const BASE64URL_BYTES_MAX: usize = OBJECT_ID_BYTES_MAX / 4 * 3;

const NAME_CHARACTERS_MAX: usize = 32;

/// A path template: what each segment must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    pub(crate) segments: Vec<Segment>,
}

/// What one segment must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Just this.
    Literal(String),
    /// Something that goes by this name in the route.
    Capture { name: String, kind: CaptureKind },
}

/// What a capture may hold, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaptureKind {
    /// The id of an object, as it is.
    Id,
    /// Anything, which becomes its encoding (RFC 4648, 5, without padding).
    Base64Url,
}

/// The object that a route asks about: a type, and an id with places for captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceTemplate {
    pub(crate) object_type: String,
    id: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// What the path's capture at this place held.
    Capture(usize),
}

impl PathTemplate {
    /// Reads a template such as `/v1/documents/{document:id}`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what it must be.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(format!("is longer than {TEMPLATE_BYTES_MAX} bytes"));
        }
        let rest = text.strip_prefix('/').ok_or("must begin with a slash")?;
        let segments = if rest.is_empty() {
            Vec::new()
        } else {
            rest.split('/').map(read_segment).collect::<Result<Vec<_>, _>>()?
        };
        if segments.len() > SEGMENTS_MAX {
            return Err(format!("has more than {SEGMENTS_MAX} segments"));
        }
        let template = Self { segments };
        let mut names: Vec<&str> = template.captures().collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("captures {:?} twice", pair[0])),
            None => Ok(template),
        }
    }

    /// The names of its captures, in their order.
    pub(crate) fn captures(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Capture { name, .. } => Some(name.as_str()),
        })
    }

    /// What its captures may hold, in their order.
    pub(crate) fn kinds(&self) -> Vec<CaptureKind> {
        let kind = |segment: &Segment| match segment {
            Segment::Literal(_) => None,
            Segment::Capture { kind, .. } => Some(*kind),
        };
        self.segments.iter().filter_map(kind).collect()
    }
}

fn read_segment(text: &str) -> Result<Segment, String> {
    if let Some(capture) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let (name, kind) = capture
            .split_once(':')
            .ok_or_else(|| format!("has the capture {{{capture}}} without a type: write {{{capture}:id}}"))?;
        let kind = match kind {
            "id" => CaptureKind::Id,
            "base64url" => CaptureKind::Base64Url,
            _ => return Err(format!("has a capture of type {kind:?}; the types are: id, base64url")),
        };
        return if is_capture_name(name) {
            Ok(Segment::Capture { name: name.to_owned(), kind })
        } else {
            Err(format!("has a capture named {name:?}; a name is [a-z][a-z0-9_]{{0,31}}"))
        };
    }
    let is_literal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,=".contains(&byte);
    match text {
        "" => Err("has an empty segment, or a slash at its end".to_owned()),
        "." | ".." => Err(format!("has the segment {text:?}, which no request has")),
        _ if text.bytes().all(is_literal) => Ok(Segment::Literal(text.to_owned())),
        _ => Err(format!(
            "has the segment {text:?}; a segment is letters, digits and -._~:@!$&'()*+,= or one whole capture"
        )),
    }
}

fn is_capture_name(name: &str) -> bool {
    (1..=NAME_CHARACTERS_MAX).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl CaptureKind {
    /// The object id that a captured segment stands for; none if it may not be captured.
    pub(crate) fn id_of(self, segment: String) -> Option<String> {
        match self {
            Self::Id => is_captured_id(&segment).then_some(segment),
            Self::Base64Url => {
                let fits = (1..=BASE64URL_BYTES_MAX).contains(&segment.len());
                fits.then(|| URL_SAFE_NO_PAD.encode(&segment))
            }
        }
    }
}

/// Whether this may be captured as it is: an object id without a slash.
fn is_captured_id(text: &str) -> bool {
    (1..=OBJECT_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte != b'/' && is_id_byte(byte))
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/_|-=+".contains(&byte)
}

impl ResourceTemplate {
    /// Reads a resource such as `document:{document}`, whose captures are among `captures`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what it must be.
    pub(crate) fn read(text: &str, captures: &[&str]) -> Result<Self, String> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(format!("is longer than {TEMPLATE_BYTES_MAX} bytes"));
        }
        let (object_type, id) = text.split_once(':').ok_or("must be written type:id")?;
        if !is_type_name(object_type) {
            return Err(format!("has the type {object_type:?}, which no schema can have"));
        }
        if id.is_empty() {
            return Err("has no id after its type".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = id;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("has a capture without its end")?;
            let index =
                captures.iter().position(|capture| *capture == name).ok_or_else(|| unknown_capture(name, captures))?;
            push_literal(&mut parts, literal)?;
            // With a slash between them, which no capture holds, two paths never make one id.
            if parts.iter().any(|part| matches!(part, Part::Capture(_))) && !literal.contains('/') {
                return Err(
                    "has two captures without a / between them, so that two paths could name one object".to_owned()
                );
            }
            parts.push(Part::Capture(index));
            rest = after;
        }
        push_literal(&mut parts, rest)?;
        let literal_bytes: usize =
            parts.iter().map(|part| if let Part::Literal(text) = part { text.len() } else { 0 }).sum();
        if literal_bytes > OBJECT_ID_BYTES_MAX {
            return Err(format!("has an id of more than {OBJECT_ID_BYTES_MAX} bytes"));
        }
        Ok(Self { object_type: object_type.to_owned(), id: parts })
    }

    /// The object's id with the captures in their places; none if it is longer than an id may be.
    pub(crate) fn fill(&self, captures: &[String]) -> Option<String> {
        let mut id = String::new();
        for part in &self.id {
            match part {
                Part::Literal(text) => id.push_str(text),
                Part::Capture(index) => id.push_str(captures.get(*index)?),
            }
        }
        (id.len() <= OBJECT_ID_BYTES_MAX).then_some(id)
    }
}

fn push_literal(parts: &mut Vec<Part>, literal: &str) -> Result<(), String> {
    if !literal.bytes().all(is_id_byte) {
        return Err(format!("has {literal:?} in its id; an id is letters, digits and /_|-=+"));
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.to_owned()));
    }
    Ok(())
}

fn unknown_capture(name: &str, captures: &[&str]) -> String {
    let known = if captures.is_empty() { "none".to_owned() } else { captures.join(", ") };
    format!("names the capture {name:?}; the route's captures are: {known}")
}

/// A type's name: segments of 3 to 63 characters, joined by `/`, at most 128 in all (`authzed.api.v1`).
fn is_type_name(name: &str) -> bool {
    name.len() <= 128 && name.split('/').all(|segment| segment.len() <= 63 && is_member_name(segment))
}

/// A permission's or relation's name: 3 to 64 characters (`authzed.api.v1`).
pub(crate) fn is_member_name(name: &str) -> bool {
    (3..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_literals_and_captures() {
        let template = PathTemplate::read("/v1/documents/{document:id}/pages/{page:id}").unwrap();
        assert_eq!(template.captures().collect::<Vec<_>>(), ["document", "page"]);
        assert_eq!(template.segments[0], Segment::Literal("v1".to_owned()));
        assert_eq!(PathTemplate::read("/").unwrap().segments, []);
    }

    #[test]
    fn a_template_that_no_request_can_match_is_refused() {
        let deep = "/a".repeat(SEGMENTS_MAX + 1);
        for bad in [
            "",
            "v1",
            "//",
            "/v1/",
            "/v1//x",
            "/.",
            "/v1/..",
            "/{a}",
            "/{a:uuid}",
            "/{a:base64}",
            "/{A:id}",
            "/{:id}",
            "/x{a:id}",
            "/{a:id}x",
            "/{a:id}/{a:id}",
            "/a%20b",
            "/é",
            "/a;b",
            "/a b",
            "/a?b",
            "/{a:id",
            &deep,
            &format!("/{}", "a".repeat(TEMPLATE_BYTES_MAX)),
        ] {
            assert!(PathTemplate::read(bad).is_err(), "{bad}");
        }
        assert!(PathTemplate::read(&"/a".repeat(SEGMENTS_MAX)).is_ok());
        assert!(PathTemplate::read(&format!("/{}", "a".repeat(TEMPLATE_BYTES_MAX - 1))).is_ok());
    }

    #[test]
    fn a_capture_holds_an_object_id_without_a_slash() {
        for good in ["a", "Z", "0", "a_b|c-d=e+f", &"a".repeat(1024)] {
            assert!(is_captured_id(good), "{good}");
        }
        for bad in ["", "a/b", "a.b", "a b", "a:b", "a#b", "*", "é", &"a".repeat(1025)] {
            assert!(!is_captured_id(bad), "{bad}");
        }
    }

    #[test]
    fn anything_becomes_an_id_by_its_encoding() {
        let id = |text: &str| CaptureKind::Base64Url.id_of(text.to_owned());
        assert_eq!(id("a.b c:é").as_deref(), Some("YS5iIGM6w6k"));
        assert_eq!(id("roadmap").as_deref(), Some("cm9hZG1hcA"));
        assert_eq!((id(""), id(&"a".repeat(769))), (None, None));
        assert!(id(&"a".repeat(768)).is_some_and(|id| is_captured_id(&id)));
    }

    #[test]
    fn a_resource_is_filled_with_what_was_captured() {
        let captures = ["folder", "document"];
        let fill =
            |text: &str| ResourceTemplate::read(text, &captures).unwrap().fill(&["f1".to_owned(), "d1".to_owned()]);
        assert_eq!(fill("document:{document}").as_deref(), Some("d1"));
        assert_eq!(fill("document:{folder}/{document}").as_deref(), Some("f1/d1"));
        assert_eq!(fill("document:all").as_deref(), Some("all"));
        let long = ResourceTemplate::read("document:x{folder}", &captures).unwrap();
        assert_eq!(long.fill(&["a".repeat(1024), String::new()]), None);
    }

    #[test]
    fn a_resource_that_names_no_object_is_refused() {
        for bad in [
            "document",
            "document:",
            ":x",
            "Document:x",
            "do:x",
            "document:{page}",
            "document:{document",
            "document:*",
            "document:a b",
            "document:{folder}{document}",
            "document:{folder}-{document}",
        ] {
            assert!(ResourceTemplate::read(bad, &["folder", "document"]).is_err(), "{bad}");
        }
    }
}
