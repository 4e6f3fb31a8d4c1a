//! `use`, `definition`, `relation` and `permission`.

use super::super::Feature;
use super::super::lexer::TokenKind;
use super::super::limits::{DEFINITIONS_MAX, MEMBERS_PER_DEFINITION_MAX, TYPES_PER_RELATION_MAX};
use super::super::syntax::{
    BodySyntax, DefinitionSyntax, MemberSyntax, Name, SubjectKindSyntax, SubjectTypeSyntax, Use,
};
use super::{Parsed, Parser, Stumble, shortened};
use crate::names::{check_member_name, check_type_name, nearest};

impl Parser<'_> {
    /// `use feature`; nothing for a feature that is refused.
    pub(super) fn use_statement(&mut self) -> Parsed<Option<Use>> {
        self.bump();
        let feature = match self.word() {
            "" => {
                let message = format!("expected a feature after `use`, found {}", self.describe());
                return self.stumble(message, "write `use self` or `use typechecking`");
            }
            "self" => Some(Feature::SelfKeyword),
            "typechecking" => Some(Feature::Typechecking),
            word @ ("expiration" | "import" | "partial") => {
                let message = format!("`use {word}` is not supported in this version");
                self.report(message, "remove it and everything that needs it");
                None
            }
            word => {
                let hint = match nearest(word, ["self", "typechecking"].into_iter()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "known are `self` and `typechecking`".to_owned(),
                };
                self.report(format!("unknown feature `{}`", shortened(word)), hint);
                None
            }
        };
        self.bump();
        self.uses_self |= feature == Some(Feature::SelfKeyword);
        self.uses_typechecking |= feature == Some(Feature::Typechecking);
        self.end_of_statement()?;
        let comments = self.take_comments();
        Ok(feature.map(|feature| Use { feature, comments }))
    }

    pub(super) fn definition(&mut self) -> Parsed<DefinitionSyntax> {
        let start = self.current.offset;
        self.definitions += 1;
        if self.definitions > DEFINITIONS_MAX {
            let message = format!("more than {DEFINITIONS_MAX} definitions");
            return self.stumble_over(message, "split the schema into several");
        }
        self.bump();
        let name = self.name("a type name", check_type_name)?;
        self.expect(TokenKind::OpenBrace, "{", "a definition is written `definition name { ... }`")?;
        let comments = self.take_comments();
        let members = self.members(start)?;
        self.eat(TokenKind::CloseBrace);
        Ok(DefinitionSyntax { name, comments, members, closing_comments: self.take_comments() })
    }

    /// Everything up to the brace that closes the definition begun at `start`.
    fn members(&mut self, start: usize) -> Parsed<Vec<MemberSyntax>> {
        let mut members = Vec::new();
        while !self.at(TokenKind::CloseBrace) {
            let begins_another = self.word() == "definition" && self.current.starts_line;
            if self.at(TokenKind::End) || begins_another {
                let message = format!("expected `}}`, found {}", self.describe());
                self.report(message, "close the definition above with `}`");
                return if begins_another { Ok(members) } else { Err(Stumble) };
            }
            if members.len() == MEMBERS_PER_DEFINITION_MAX {
                let message =
                    format!("more than {MEMBERS_PER_DEFINITION_MAX} relations and permissions in a definition");
                self.errors.report(start, message, "split the type into several");
                return Err(Stumble);
            }
            match self.member() {
                Ok(member) => members.extend(member),
                Err(Stumble) if self.errors.is_full() => return Err(Stumble),
                Err(Stumble) => self.skip_statement(),
            }
        }
        Ok(members)
    }

    fn member(&mut self) -> Parsed<Option<MemberSyntax>> {
        if self.eat(TokenKind::Semicolon) {
            return Ok(None);
        }
        match self.word() {
            "relation" => self.relation().map(Some),
            "permission" => self.permission().map(Some),
            word => {
                let hint = match nearest(word, ["relation", "permission"].into_iter()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "each line begins with `relation` or `permission`".to_owned(),
                };
                self.stumble_over(format!("expected `relation` or `permission`, found {}", self.describe()), hint)
            }
        }
    }

    fn relation(&mut self) -> Parsed<MemberSyntax> {
        self.bump();
        let name = self.name("a relation name", check_member_name)?;
        self.expect(TokenKind::Colon, ":", "a relation names its subject types: `relation name: type`")?;
        let subject_types = self.separated_by_pipes(Self::subject_type)?;
        self.end_of_statement()?;
        Ok(MemberSyntax { name, comments: self.take_comments(), body: BodySyntax::Relation { subject_types } })
    }

    fn permission(&mut self) -> Parsed<MemberSyntax> {
        self.bump();
        let name = self.name("a permission name", check_member_name)?;
        let annotation = self.annotation()?;
        self.expect(TokenKind::Equals, "=", "a permission is written `permission name = expression`")?;
        let expression = self.expression()?;
        self.end_of_statement()?;
        let body = BodySyntax::Permission { annotation, expression };
        Ok(MemberSyntax { name, comments: self.take_comments(), body })
    }

    fn annotation(&mut self) -> Parsed<Option<Vec<Name>>> {
        if !self.at(TokenKind::Colon) {
            return Ok(None);
        }
        if !self.uses_typechecking {
            self.report("a permission has no types unless the schema says so", "add `use typechecking` at the top");
        }
        self.bump();
        self.separated_by_pipes(|parser| parser.name("a type name", check_type_name)).map(Some)
    }

    fn separated_by_pipes<T>(&mut self, one: fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut all = Vec::new();
        loop {
            if all.len() == TYPES_PER_RELATION_MAX {
                let message = format!("more than {TYPES_PER_RELATION_MAX} types");
                return self.stumble(message, "gather some of them in a type of their own");
            }
            all.push(one(self)?);
            if !self.eat(TokenKind::Pipe) {
                return Ok(all);
            }
        }
    }

    fn subject_type(&mut self) -> Parsed<SubjectTypeSyntax> {
        let object_type = self.name("a type name", check_type_name)?;
        let kind = if self.eat(TokenKind::Hash) {
            // `type#...` is the long way to write the object itself.
            if self.eat(TokenKind::Ellipsis) {
                SubjectKindSyntax::Object
            } else {
                SubjectKindSyntax::Userset(self.name("a relation name", check_member_name)?)
            }
        } else if self.eat(TokenKind::Colon) {
            self.expect(TokenKind::Star, "*", "only `type:*`, every object of a type, may follow a colon here")?;
            SubjectKindSyntax::Wildcard
        } else {
            SubjectKindSyntax::Object
        };
        if self.word() == "with" {
            let message = "`with` (caveats and expiration) is not supported in this version";
            return self.stumble(message, "remove it, and the caveat it names");
        }
        Ok(SubjectTypeSyntax { object_type, kind })
    }

    fn end_of_statement(&mut self) -> Parsed<()> {
        if self.eat(TokenKind::Semicolon) || self.at(TokenKind::End) || self.current.starts_line {
            return Ok(());
        }
        if self.at(TokenKind::CloseBrace) {
            self.report("a statement needs a newline or `;` before `}`", "put `;` before this brace");
            return Ok(());
        }
        let message = format!("expected the end of the statement, found {}", self.describe());
        self.stumble(message, "end it with a newline or `;`")
    }

    fn skip_statement(&mut self) {
        while !matches!(self.current.kind, TokenKind::End | TokenKind::CloseBrace) && !self.current.starts_line {
            if self.eat(TokenKind::Semicolon) {
                return;
            }
            self.bump();
        }
    }
}
