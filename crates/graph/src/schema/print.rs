//! A schema as text, laid out in one way whatever it was read from.

use std::fmt::{self, Write};

use super::{ArrowKind, Definition, Expression, Feature, Member, Schema, SubjectKind, SubjectType};

const INDENT: &str = "\t";

impl Schema {
    /// The schema in canonical form: features first, a blank line between definitions, tabs, one statement a line, and
    /// parentheses around every operator inside another. Reading it gives the same schema again, unless the layout takes a
    /// text near [`TEXT_BYTES_MAX`](crate::limits::TEXT_BYTES_MAX) over it.
    ///
    /// Comments are kept; one at the end of a line or inside a statement moves to the line before.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (feature, lines) in &self.features {
            comments(&mut text, "", lines);
            text.push_str(match feature {
                Feature::SelfKeyword => "use self\n",
                Feature::Typechecking => "use typechecking\n",
            });
        }
        for definition in &self.definitions {
            separate(&mut text);
            definition.print(&mut text);
        }
        if !self.closing_comments.is_empty() {
            separate(&mut text);
            comments(&mut text, "", &self.closing_comments);
        }
        text
    }
}

impl Definition {
    fn print(&self, text: &mut String) {
        comments(text, "", &self.comments);
        text.push_str(&format!("definition {} {{", self.name));
        if self.members.is_empty() && self.closing_comments.is_empty() {
            text.push_str("}\n");
            return;
        }
        text.push('\n');
        for member in &self.members {
            comments(text, INDENT, member.comments());
            text.push_str(&format!("{INDENT}{member}\n"));
        }
        comments(text, INDENT, &self.closing_comments);
        text.push_str("}\n");
    }
}

impl fmt::Display for Member {
    /// The statement, without its comments.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Member::Relation(relation) => {
                write!(formatter, "relation {}: ", relation.name)?;
                joined(formatter, &relation.subject_types, " | ")
            }
            Member::Permission(permission) => {
                write!(formatter, "permission {}", permission.name)?;
                if let Some(types) = &permission.annotation {
                    formatter.write_str(": ")?;
                    joined(formatter, types, " | ")?;
                }
                write!(formatter, " = {}", permission.expression)
            }
        }
    }
}

impl fmt::Display for SubjectType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SubjectKind::Object => formatter.write_str(&self.object_type),
            SubjectKind::Userset(relation) => write!(formatter, "{}#{relation}", self.object_type),
            SubjectKind::Wildcard => write!(formatter, "{}:*", self.object_type),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Nil => formatter.write_str("nil"),
            Expression::Own => formatter.write_str("self"),
            Expression::Member(name) => formatter.write_str(name),
            Expression::Arrow { relation, kind, target } => match kind {
                ArrowKind::Plain => write!(formatter, "{relation}->{target}"),
                ArrowKind::Any => write!(formatter, "{relation}.any({target})"),
                ArrowKind::All => write!(formatter, "{relation}.all({target})"),
            },
            Expression::Union(operands) => operation(formatter, operands, " + "),
            Expression::Intersection(operands) => operation(formatter, operands, " & "),
            Expression::Exclusion(operands) => operation(formatter, operands, " - "),
        }
    }
}

fn operation(formatter: &mut fmt::Formatter<'_>, operands: &[Expression], operator: &str) -> fmt::Result {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            formatter.write_str(operator)?;
        }
        match operand {
            Expression::Union(_) | Expression::Intersection(_) | Expression::Exclusion(_) => {
                write!(formatter, "({operand})")?;
            }
            Expression::Nil | Expression::Own | Expression::Member(_) | Expression::Arrow { .. } => {
                write!(formatter, "{operand}")?;
            }
        }
    }
    Ok(())
}

fn joined<T: fmt::Display>(formatter: &mut fmt::Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        formatter.write_str(if index > 0 { separator } else { "" })?;
        item.fmt(formatter)?;
    }
    Ok(())
}

/// Comments on lines of their own; the inner lines of a starred comment line up under its first star.
fn comments(text: &mut String, indent: &str, comments: &[String]) {
    for comment in comments {
        for (index, line) in comment.lines().enumerate() {
            let space = if index > 0 && line.starts_with('*') { " " } else { "" };
            let line = format!("{indent}{space}{line}");
            writeln!(text, "{}", line.trim_end()).expect("a string takes any text");
        }
    }
}

fn separate(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}
