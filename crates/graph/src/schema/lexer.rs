//! Cuts a schema's text into tokens, one at a time, with the comments between them.

/// One token. Keywords are names; the parser knows which are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'t> {
    Name(&'t str),
    Colon,
    Semicolon,
    Pipe,
    Hash,
    Star,
    Equals,
    Plus,
    Ampersand,
    Minus,
    Arrow,
    Dot,
    Ellipsis,
    OpenParenthesis,
    CloseParenthesis,
    OpenBrace,
    CloseBrace,
    UnclosedComment,
    Unknown(char),
    End,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    pub(super) offset: usize,
    /// Whether a newline lies between this token and the one before it.
    pub(super) starts_line: bool,
}

/// A token with the comments that stand before it.
#[derive(Debug)]
pub(super) struct Scan<'t> {
    pub(super) token: Token<'t>,
    /// Comments that begin on the line of the previous token and have a newline after them.
    pub(super) trailing: Vec<String>,
    /// The other comments.
    pub(super) leading: Vec<String>,
}

/// Reads a text from front to back, holding nothing but its place.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn scan(&mut self) -> Scan<'t> {
        let mut starts_line = self.at == 0;
        let mut on_previous_line = !starts_line;
        let (mut trailing, mut leading) = (Vec::new(), Vec::new());
        loop {
            let newline = self.skip_whitespace();
            starts_line |= newline;
            if on_previous_line && (newline || self.rest().is_empty()) {
                on_previous_line = false;
                trailing.append(&mut leading);
            }
            let Some(comment) = self.comment() else { break };
            leading.push(normalised(comment));
            starts_line |= comment.contains('\n');
        }
        let offset = self.at;
        Scan { token: Token { kind: self.token(), offset, starts_line }, trailing, leading }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Skips blanks and says whether a newline was among them.
    fn skip_whitespace(&mut self) -> bool {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += blank;
        rest[..blank].contains('\n')
    }

    fn comment(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(body) = rest.strip_prefix("/*") {
            body.find("*/")? + "/**/".len()
        } else {
            return None;
        };
        self.at += length;
        Some(&rest[..length])
    }

    fn token(&mut self) -> TokenKind<'t> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return TokenKind::End };
        if is_name(first) {
            return self.name();
        }
        let (kind, length) = match first {
            ':' => (TokenKind::Colon, 1),
            ';' => (TokenKind::Semicolon, 1),
            '|' => (TokenKind::Pipe, 1),
            '#' => (TokenKind::Hash, 1),
            '*' => (TokenKind::Star, 1),
            '=' => (TokenKind::Equals, 1),
            '+' => (TokenKind::Plus, 1),
            '&' => (TokenKind::Ampersand, 1),
            '-' if rest.starts_with("->") => (TokenKind::Arrow, 2),
            '-' => (TokenKind::Minus, 1),
            '.' if rest.starts_with("...") => (TokenKind::Ellipsis, 3),
            '.' => (TokenKind::Dot, 1),
            '(' => (TokenKind::OpenParenthesis, 1),
            ')' => (TokenKind::CloseParenthesis, 1),
            '{' => (TokenKind::OpenBrace, 1),
            '}' => (TokenKind::CloseBrace, 1),
            '/' if rest.starts_with("/*") => (TokenKind::UnclosedComment, rest.len()),
            unknown => (TokenKind::Unknown(unknown), unknown.len_utf8()),
        };
        self.at += length;
        kind
    }

    /// A name with its `/` prefixes; a `/` that opens a comment does not belong to it.
    fn name(&mut self) -> TokenKind<'t> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut length = 1;
        while let Some(&byte) = bytes.get(length) {
            let opens_comment = matches!(bytes.get(length + 1), Some(b'/' | b'*'));
            if !is_name(char::from(byte)) && (byte != b'/' || opens_comment) {
                break;
            }
            length += 1;
        }
        self.at += length;
        TokenKind::Name(&rest[..length])
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A comment without the indentation of its lines, so that it reads the same wherever it is printed.
fn normalised(comment: &str) -> String {
    comment.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}
