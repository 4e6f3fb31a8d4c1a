//! What a permission is computed from.

/// A set of subjects, computed from an object's relations and permissions.
///
/// Its depth is bounded by [`EXPRESSION_DEPTH_MAX`](crate::limits::EXPRESSION_DEPTH_MAX), so walking it may recurse; its
/// width is bounded only by the text. Lists of operands hold at least two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `nil`: nobody.
    Nil,
    /// `self`: the object itself.
    Own,
    /// A relation or permission of the same object.
    Member(String),
    /// A relation or permission of the objects that a relation of this one leads to. The relation part of a subject is
    /// not looked at: over `group:eng#member` an arrow walks to `group:eng`.
    Arrow {
        /// The relation to walk.
        relation: String,
        /// How many of the objects found must have the target.
        kind: ArrowKind,
        /// The relation or permission to find there; at least one of the relation's types has it.
        target: String,
    },
    /// `a + b`: in any of them.
    Union(Vec<Expression>),
    /// `a & b`: in all of them.
    Intersection(Vec<Expression>),
    /// `a - b - c`: in the first and in none of the others.
    Exclusion(Vec<Expression>),
}

/// How an arrow was written and what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowKind {
    /// `a->b`: one of the objects suffices.
    Plain,
    /// `a.any(b)`: the same, written out.
    Any,
    /// `a.all(b)`: there is at least one object and every one has the target.
    All,
}

impl Expression {
    /// Calls `visit` with every expression in this one, itself first.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expression)) {
        visit(self);
        match self {
            Expression::Union(all) | Expression::Intersection(all) | Expression::Exclusion(all) => {
                all.iter().for_each(|operand| operand.walk(visit));
            }
            Expression::Nil | Expression::Own | Expression::Member(_) | Expression::Arrow { .. } => {}
        }
    }
}
