//! A schema as it was written: names with their places, nothing looked up yet.

use super::{ArrowKind, Feature};

/// A name and the byte at which it begins.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) offset: usize,
}

#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) uses: Vec<Use>,
    pub(super) definitions: Vec<DefinitionSyntax>,
    pub(super) closing_comments: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Use {
    pub(super) feature: Feature,
    pub(super) comments: Vec<String>,
}

#[derive(Debug)]
pub(super) struct DefinitionSyntax {
    pub(super) name: Name,
    pub(super) comments: Vec<String>,
    pub(super) members: Vec<MemberSyntax>,
    pub(super) closing_comments: Vec<String>,
}

#[derive(Debug)]
pub(super) struct MemberSyntax {
    pub(super) name: Name,
    pub(super) comments: Vec<String>,
    pub(super) body: BodySyntax,
}

#[derive(Debug)]
pub(super) enum BodySyntax {
    Relation { subject_types: Vec<SubjectTypeSyntax> },
    Permission { annotation: Option<Vec<Name>>, expression: ExpressionSyntax },
}

#[derive(Debug)]
pub(super) struct SubjectTypeSyntax {
    pub(super) object_type: Name,
    pub(super) kind: SubjectKindSyntax,
}

#[derive(Debug)]
pub(super) enum SubjectKindSyntax {
    Object,
    Userset(Name),
    Wildcard,
}

#[derive(Debug)]
pub(super) enum ExpressionSyntax {
    Nil,
    Own,
    Member(Name),
    Arrow { relation: Name, kind: ArrowKind, target: Name },
    Union(Vec<ExpressionSyntax>),
    Intersection(Vec<ExpressionSyntax>),
    Exclusion(Vec<ExpressionSyntax>),
}
