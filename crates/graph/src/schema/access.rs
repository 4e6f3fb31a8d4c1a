//! Looking things up in a schema.

use super::{Definition, Expression, Feature, Member, Permission, Relation, Schema, SubjectKind, SubjectType};

impl Schema {
    /// The definitions in the order of the text.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The definition of a type.
    pub fn definition(&self, object_type: &str) -> Option<&Definition> {
        self.by_name.get(object_type).map(|index| &self.definitions[*index])
    }

    /// A relation or permission of a type.
    pub fn member(&self, object_type: &str, name: &str) -> Option<&Member> {
        self.definition(object_type)?.member(name)
    }

    /// The features switched on by `use`, in the order of the text.
    pub fn features(&self) -> impl Iterator<Item = Feature> {
        self.features.iter().map(|(feature, _)| *feature)
    }
}

impl Definition {
    /// The type's name, with its `/` prefixes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The comments before the definition, markers included.
    pub fn comments(&self) -> &[String] {
        &self.comments
    }

    /// Relations and permissions in the order of the text.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The relation or permission of that name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.by_name.get(name).map(|index| &self.members[*index])
    }

    /// The relations in the order of the text.
    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.members.iter().filter_map(Member::as_relation)
    }

    /// The relation of that name; nothing if the name is a permission's.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.member(name).and_then(Member::as_relation)
    }

    /// The permissions in the order of the text.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.members.iter().filter_map(Member::as_permission)
    }

    /// The permission of that name; nothing if the name is a relation's.
    pub fn permission(&self, name: &str) -> Option<&Permission> {
        self.member(name).and_then(Member::as_permission)
    }

    /// Whether the name is a permission, and so cannot be written to.
    pub fn is_permission(&self, name: &str) -> bool {
        self.permission(name).is_some()
    }
}

impl Member {
    /// The name of either.
    pub fn name(&self) -> &str {
        match self {
            Member::Relation(relation) => &relation.name,
            Member::Permission(permission) => &permission.name,
        }
    }

    /// The comments of either, markers included.
    pub fn comments(&self) -> &[String] {
        match self {
            Member::Relation(relation) => &relation.comments,
            Member::Permission(permission) => &permission.comments,
        }
    }

    /// The relation, if it is one.
    pub fn as_relation(&self) -> Option<&Relation> {
        match self {
            Member::Relation(relation) => Some(relation),
            Member::Permission(_) => None,
        }
    }

    /// The permission, if it is one.
    pub fn as_permission(&self) -> Option<&Permission> {
        match self {
            Member::Relation(_) => None,
            Member::Permission(permission) => Some(permission),
        }
    }
}

impl Relation {
    /// The relation's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The comments before the relation, markers included.
    pub fn comments(&self) -> &[String] {
        &self.comments
    }

    /// The subjects it allows, at least one kind, each kind once.
    pub fn subject_types(&self) -> &[SubjectType] {
        &self.subject_types
    }

    /// Whether that kind of subject may be stored.
    pub fn allows(&self, subject_type: &SubjectType) -> bool {
        self.subject_types.contains(subject_type)
    }

    /// The wildcard it allows, if it allows one.
    pub(super) fn wildcard(&self) -> Option<&SubjectType> {
        self.subject_types.iter().find(|subject_type| subject_type.kind == SubjectKind::Wildcard)
    }
}

impl Permission {
    /// The permission's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The comments before the permission, markers included.
    pub fn comments(&self) -> &[String] {
        &self.comments
    }

    /// The types it was declared to reach, under `use typechecking`.
    pub fn annotation(&self) -> Option<&[String]> {
        self.annotation.as_deref()
    }

    /// What it is computed from.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }
}
