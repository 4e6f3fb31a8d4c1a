//! Expressions, in SpiceDB's order of precedence.
//!
//! Union binds tightest, then intersection, then exclusion: `a - b & c + d` is `a - (b & (c + d))`. That is not what
//! arithmetic teaches, so the printed form always has the parentheses.
//!
//! ```text
//! exclusion    = intersection ("-" intersection)*
//! intersection = union ("&" union)*
//! union        = term ("+" term)*
//! term         = "(" exclusion ")" | "nil" | "self" | name
//!              | name "->" name | name ".any(" name ")" | name ".all(" name ")"
//! ```

use super::super::ArrowKind;
use super::super::lexer::TokenKind;
use super::super::limits::EXPRESSION_DEPTH_MAX;
use super::super::syntax::{ExpressionSyntax, Name};
use super::{Parsed, Parser};
use crate::names::check_member_name;

const DEPTH_HINT: &str = "give a part of the expression a permission of its own";

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed<ExpressionSyntax> {
        let offset = self.current.offset;
        // An expression given up may have left parentheses open.
        self.depth = 0;
        let expression = self.exclusion()?;
        // Without parentheses three operators may still nest; printed, each takes a pair.
        if operators_deep(&expression) > EXPRESSION_DEPTH_MAX {
            let message = format!("more than {EXPRESSION_DEPTH_MAX} operators inside each other");
            self.errors.report(offset, message, DEPTH_HINT);
        }
        Ok(expression)
    }

    fn exclusion(&mut self) -> Parsed<ExpressionSyntax> {
        self.operands(TokenKind::Minus, Self::intersection, ExpressionSyntax::Exclusion)
    }

    fn intersection(&mut self) -> Parsed<ExpressionSyntax> {
        self.operands(TokenKind::Ampersand, Self::union, ExpressionSyntax::Intersection)
    }

    fn union(&mut self) -> Parsed<ExpressionSyntax> {
        self.operands(TokenKind::Plus, Self::term, ExpressionSyntax::Union)
    }

    /// One operand alone, or several joined by `operator` as one flat list, so that depth grows with parentheses only.
    fn operands(
        &mut self,
        operator: TokenKind<'_>,
        operand: fn(&mut Self) -> Parsed<ExpressionSyntax>,
        join: fn(Vec<ExpressionSyntax>) -> ExpressionSyntax,
    ) -> Parsed<ExpressionSyntax> {
        let first = operand(self)?;
        if !self.at(operator) {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.eat(operator) {
            all.push(operand(self)?);
        }
        Ok(join(all))
    }

    fn term(&mut self) -> Parsed<ExpressionSyntax> {
        if self.at(TokenKind::OpenParenthesis) {
            return self.parenthesised();
        }
        let constant = match self.word() {
            "nil" => ExpressionSyntax::Nil,
            "self" if self.uses_self => ExpressionSyntax::Own,
            _ => return self.reference(),
        };
        self.bump();
        Ok(constant)
    }

    fn parenthesised(&mut self) -> Parsed<ExpressionSyntax> {
        if self.depth == EXPRESSION_DEPTH_MAX {
            let message = format!("more than {EXPRESSION_DEPTH_MAX} parentheses inside each other");
            return self.stumble(message, DEPTH_HINT);
        }
        self.depth += 1;
        self.bump();
        let inner = self.exclusion()?;
        self.expect(TokenKind::CloseParenthesis, ")", "close the parenthesis opened before")?;
        self.depth -= 1;
        Ok(inner)
    }

    fn reference(&mut self) -> Parsed<ExpressionSyntax> {
        let name = self.name("a relation or permission", check_member_name)?;
        let arrow = if self.eat(TokenKind::Arrow) {
            let target = self.name("a relation or permission", check_member_name)?;
            ExpressionSyntax::Arrow { relation: name, kind: ArrowKind::Plain, target }
        } else if self.eat(TokenKind::Dot) {
            self.functioned(name)?
        } else {
            return Ok(ExpressionSyntax::Member(name));
        };
        if self.at(TokenKind::Arrow) || self.at(TokenKind::Dot) {
            let hint = "give the first walk a permission on the type it leads to, and walk to that";
            return self.stumble("an arrow cannot follow an arrow", hint);
        }
        Ok(arrow)
    }

    fn functioned(&mut self, relation: Name) -> Parsed<ExpressionSyntax> {
        let hint = "after a dot comes `any(name)` or `all(name)`";
        let kind = match self.word() {
            "any" => ArrowKind::Any,
            "all" => ArrowKind::All,
            _ => {
                let message = format!("expected `any` or `all`, found {}", self.describe());
                return self.stumble(message, hint);
            }
        };
        self.bump();
        self.expect(TokenKind::OpenParenthesis, "(", hint)?;
        let target = self.name("a relation or permission", check_member_name)?;
        self.expect(TokenKind::CloseParenthesis, ")", hint)?;
        Ok(ExpressionSyntax::Arrow { relation, kind, target })
    }
}

fn operators_deep(expression: &ExpressionSyntax) -> usize {
    match expression {
        ExpressionSyntax::Nil
        | ExpressionSyntax::Own
        | ExpressionSyntax::Member(_)
        | ExpressionSyntax::Arrow { .. } => 0,
        ExpressionSyntax::Union(all) | ExpressionSyntax::Intersection(all) | ExpressionSyntax::Exclusion(all) => {
            all.iter().map(operators_deep).max().unwrap_or(0) + 1
        }
    }
}
