//! Reads a schema's text into its syntax, going on after an error to find the next.
//!
//! ```text
//! file       = use* definition*
//! definition = "definition" type "{" (relation | permission)* "}"
//! relation   = "relation" name ":" subject ("|" subject)* end
//! subject    = type | type "#" name | type ":" "*"
//! permission = "permission" name (":" type ("|" type)*)? "=" exclusion end
//! end        = ";" | newline
//! ```

mod expression;
mod statements;

use super::errors::ErrorList;
use super::lexer::{Lexer, Token, TokenKind};
use super::syntax::{File, Name};
use crate::names::{NameFault, nearest};

/// Names that the language keeps for itself.
const RESERVED: &[&str] = &["definition", "caveat", "relation", "permission", "nil", "with"];
/// The words that begin something at the top of a file.
const TOP_LEVEL: &[&str] = &["definition", "use", "caveat", "import", "partial"];

/// An error was reported and the statement is given up.
#[derive(Debug)]
struct Stumble;

type Parsed<T> = Result<T, Stumble>;

/// Reads all of `text`, reporting into `errors` what does not follow the grammar.
pub(super) fn parse(text: &str, errors: &mut ErrorList) -> File {
    let mut parser = Parser::new(text, errors);
    let file = parser.file();
    debug_assert!(parser.current.kind == TokenKind::End || parser.errors.is_full());
    file
}

#[derive(Debug)]
struct Parser<'t> {
    lexer: Lexer<'t>,
    current: Token<'t>,
    /// Comments on lines of their own right before `current`.
    before: Vec<String>,
    /// Comments inside and at the end of the statement being read.
    collected: Vec<String>,
    /// Definitions begun so far.
    definitions: usize,
    /// Parentheses open around `current`.
    depth: usize,
    uses_self: bool,
    uses_typechecking: bool,
    errors: &'t mut ErrorList,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, errors: &'t mut ErrorList) -> Self {
        let mut lexer = Lexer::new(text);
        let first = lexer.scan();
        Self {
            lexer,
            current: first.token,
            before: first.leading,
            collected: Vec::new(),
            definitions: 0,
            depth: 0,
            uses_self: false,
            uses_typechecking: false,
            errors,
        }
    }

    fn file(&mut self) -> File {
        let mut file = File::default();
        while !self.at(TokenKind::End) && !self.errors.is_full() {
            if self.top_level(&mut file).is_err() {
                self.skip_to_top_level();
            }
        }
        file.closing_comments = self.take_comments();
        file.closing_comments.append(&mut self.before);
        file
    }

    fn top_level(&mut self, file: &mut File) -> Parsed<()> {
        if self.eat(TokenKind::Semicolon) {
            return Ok(());
        }
        match self.word() {
            "definition" => file.definitions.push(self.definition()?),
            "use" => {
                if !file.definitions.is_empty() {
                    self.report("`use` stands after a definition", "move it to the top of the schema");
                }
                file.uses.extend(self.use_statement()?);
            }
            word @ ("caveat" | "import" | "partial") => {
                let message = format!("`{word}` is not supported in this version");
                return self.stumble_over(message, "remove it and everything that refers to it");
            }
            word => {
                let hint = match nearest(word, TOP_LEVEL.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None if self.at(TokenKind::CloseBrace) => {
                        "remove it, or the one that closes too early above".to_owned()
                    }
                    None if self.at(TokenKind::UnclosedComment) => "add `*/` where the comment ends".to_owned(),
                    None => "a schema consists of `definition name { ... }`".to_owned(),
                };
                return self.stumble_over(format!("expected `definition`, found {}", self.describe()), hint);
            }
        }
        Ok(())
    }

    /// Moves on to the next line that begins something new. Whoever stumbles has taken a token, so this need not.
    fn skip_to_top_level(&mut self) {
        let begins = |parser: &Self| parser.current.starts_line && TOP_LEVEL.contains(&parser.word());
        while !self.at(TokenKind::End) && !begins(self) {
            self.bump();
        }
    }

    fn bump(&mut self) {
        self.collected.append(&mut self.before);
        let scan = self.lexer.scan();
        self.current = scan.token;
        self.collected.extend(scan.trailing);
        self.before = scan.leading;
    }

    fn take_comments(&mut self) -> Vec<String> {
        std::mem::take(&mut self.collected)
    }

    fn at(&self, kind: TokenKind<'_>) -> bool {
        self.current.kind == kind
    }

    /// The name at hand; empty if something else is.
    fn word(&self) -> &'t str {
        if let TokenKind::Name(word) = self.current.kind { word } else { "" }
    }

    fn eat(&mut self, kind: TokenKind<'_>) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, kind: TokenKind<'_>, written: &str, hint: &str) -> Parsed<()> {
        if self.eat(kind) {
            return Ok(());
        }
        let message = format!("expected `{written}`, found {}", self.describe());
        self.stumble(message, hint)
    }

    /// A name that follows `rule`. A malformed one is reported but still taken, so that the rest can be read; a reserved
    /// word is not, for it may begin the next statement.
    fn name(&mut self, what: &str, rule: fn(&str) -> Result<(), NameFault>) -> Parsed<Name> {
        let TokenKind::Name(text) = self.current.kind else {
            let message = format!("expected {what}, found {}", self.describe());
            return self.stumble(message, format!("write {what} here: letters a-z, digits and `_`"));
        };
        let offset = self.current.offset;
        if RESERVED.contains(&text) || (self.uses_self && text == "self") {
            return self
                .stumble(format!("`{text}` is a reserved word, not {what}"), "write a name that is not reserved");
        }
        if let Err(fault) = rule(text) {
            let hint = "names are 3 to 64 letters a-z, digits and `_`, beginning with a letter";
            self.errors.report(offset + fault.at, format!("{what} `{}` {}", shortened(text), fault.problem), hint);
        }
        self.bump();
        Ok(Name { text: text.to_owned(), offset })
    }

    fn report(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.errors.report(self.current.offset, message, hint);
    }

    fn stumble<T>(&mut self, message: impl Into<String>, hint: impl Into<String>) -> Parsed<T> {
        self.report(message, hint);
        Err(Stumble)
    }

    /// Like `stumble`, but steps over the token, so that skipping gets on even when it begins a line.
    fn stumble_over<T>(&mut self, message: impl Into<String>, hint: impl Into<String>) -> Parsed<T> {
        self.report(message, hint);
        self.bump();
        Err(Stumble)
    }

    fn describe(&self) -> String {
        match self.current.kind {
            TokenKind::Name(text) => format!("`{}`", shortened(text)),
            TokenKind::Unknown(unknown) => format!("{unknown:?}"),
            TokenKind::UnclosedComment => "a comment that is never closed".to_owned(),
            TokenKind::End => "the end of the text".to_owned(),
            TokenKind::Colon => "`:`".to_owned(),
            TokenKind::Semicolon => "`;`".to_owned(),
            TokenKind::Pipe => "`|`".to_owned(),
            TokenKind::Hash => "`#`".to_owned(),
            TokenKind::Star => "`*`".to_owned(),
            TokenKind::Equals => "`=`".to_owned(),
            TokenKind::Plus => "`+`".to_owned(),
            TokenKind::Ampersand => "`&`".to_owned(),
            TokenKind::Minus => "`-`".to_owned(),
            TokenKind::Arrow => "`->`".to_owned(),
            TokenKind::Dot => "`.`".to_owned(),
            TokenKind::Ellipsis => "`...`".to_owned(),
            TokenKind::OpenParenthesis => "`(`".to_owned(),
            TokenKind::CloseParenthesis => "`)`".to_owned(),
            TokenKind::OpenBrace => "`{`".to_owned(),
            TokenKind::CloseBrace => "`}`".to_owned(),
        }
    }
}

/// A name as a message shows it: a name may be as long as the text, a message may not. Names are ASCII.
fn shortened(name: &str) -> String {
    match name.get(..80) {
        Some(start) => format!("{start}..."),
        None => name.to_owned(),
    }
}
