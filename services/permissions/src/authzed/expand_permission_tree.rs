//! Answers what a permission of one object is made of. Groups are not opened: a userset stands in its leaf as it is.

use std::sync::Arc;

use chassis::{Context, FieldInvalid};
use contract::authzed::api::v1::algebraic_subject_set::Operation;
use contract::authzed::api::v1::permission_relationship_tree::TreeType;
use contract::authzed::api::v1::{
    AlgebraicSubjectSet, DirectSubjectSet, ExpandPermissionTreeRequest, ExpandPermissionTreeResponse, ObjectReference,
    PermissionRelationshipTree, SubjectReference,
};
use graph::{ArrowKind, Expression, Member, ObjectRef, Snapshot, SubjectRef};

use super::errors::Error;
use super::messages;
use crate::Permissions;
use crate::error::Error as Ours;
use crate::grpc::references;

/// How deep a tree may be; a circle of objects is found by it.
const DEPTH_MAX: usize = 50;

/// How many nodes and subjects a tree may have.
const ENTRIES_MAX: usize = 100_000;

/// What is counted by them.
const ENTRIES: &str = "nodes and subjects";

/// How many a tree may have that is grown on the spot: more keeps a serving thread from others for too long.
const ENTRIES_ON_THE_SPOT: usize = 1_000;

pub(crate) async fn expand_permission_tree(
    service: Arc<Permissions>,
    ctx: Context,
    request: ExpandPermissionTreeRequest,
) -> Result<ExpandPermissionTreeResponse, Error> {
    let consistency = messages::consistency(request.consistency);
    let consistency = references::consistency(consistency.as_ref())?;
    let resource = references::object(request.resource.map(messages::object), "resource")?;
    if resource.is_wildcard() {
        return Err(FieldInvalid::new("resource.object_id", "must be one object: a wildcard has no tree").into());
    }
    references::name(&request.permission, "permission")?;

    let view = service.freshness.view(&ctx, &consistency).await?;
    let expanded_at = messages::token(service.freshness.token(ctx.tenant(), &view.revision));

    let tree = match grown(&view.snapshot, &resource, &request.permission, ENTRIES_ON_THE_SPOT) {
        Err(Error::TreeTooLarge { what: ENTRIES, .. }) => {
            let snapshot = Arc::clone(&view.snapshot);
            let grow = move || grown(&snapshot, &resource, &request.permission, ENTRIES_MAX);
            service.evaluator.aside(ctx.tenant(), grow).await?
        }
        grown => grown?,
    };

    Ok(ExpandPermissionTreeResponse { expanded_at, tree_root: Some(tree) })
}

fn grown(
    graph: &Snapshot,
    resource: &ObjectRef,
    permission: &str,
    entries_max: usize,
) -> Result<PermissionRelationshipTree, Error> {
    let mut expansion = Expansion { graph, entries: 0, entries_max };
    let member = expansion.known(resource, permission)?;
    expansion.member(resource, member, 0)
}

/// A tree in the making.
struct Expansion<'g> {
    graph: &'g Snapshot,
    entries: usize,
    entries_max: usize,
}

impl<'g> Expansion<'g> {
    fn known(&self, resource: &ObjectRef, name: &str) -> Result<&'g Member, Ours> {
        let object_type = resource.object_type().to_owned();
        let Some(definition) = self.graph.schema().definition(resource.object_type()) else {
            return Err(Ours::FilterType { field: "resource.object_type".to_owned(), object_type });
        };
        let unknown =
            || Ours::FilterRelation { field: "permission".to_owned(), object_type, relation: name.to_owned() };
        definition.member(name).ok_or_else(unknown)
    }

    fn member(
        &mut self,
        object: &ObjectRef,
        member: &Member,
        depth: usize,
    ) -> Result<PermissionRelationshipTree, Error> {
        if depth > DEPTH_MAX {
            return Err(Error::TreeTooLarge { what: "levels", max: DEPTH_MAX });
        }
        match member {
            Member::Relation(relation) => {
                let stored = self.stored(object, relation.name())?;
                self.leaf(object, member.name(), stored.iter().map(subject_message).collect())
            }
            Member::Permission(permission) => {
                let expression = permission.expression();
                let tree = self.part(object, member.name(), expression, depth)?;
                match expression {
                    // Without an operator it is a union of one.
                    Expression::Nil | Expression::Own | Expression::Member(_) | Expression::Arrow { .. } => {
                        self.node(object, member.name(), Operation::Union, vec![tree])
                    }
                    Expression::Union(_) | Expression::Intersection(_) | Expression::Exclusion(_) => Ok(tree),
                }
            }
        }
    }

    fn part(
        &mut self,
        object: &ObjectRef,
        owner: &str,
        expression: &Expression,
        depth: usize,
    ) -> Result<PermissionRelationshipTree, Error> {
        let (operation, operands) = match expression {
            Expression::Nil => return self.leaf(object, owner, Vec::new()),
            Expression::Own => {
                let itself = subject_message(&SubjectRef::object_itself(object.clone()));
                return self.leaf(object, owner, vec![itself]);
            }
            Expression::Member(name) => {
                let member = self.known(object, name)?;
                return self.member(object, member, depth + 1);
            }
            Expression::Arrow { relation, kind, target } => {
                let operation = match kind {
                    ArrowKind::Plain | ArrowKind::Any => Operation::Union,
                    ArrowKind::All => Operation::Intersection,
                };
                let children = self.along(object, owner, (relation, target), depth)?;
                return self.node(object, owner, operation, children);
            }
            Expression::Union(operands) => (Operation::Union, operands),
            Expression::Intersection(operands) => (Operation::Intersection, operands),
            Expression::Exclusion(operands) => return self.exclusion(object, owner, operands, depth),
        };
        let part = |operand| self.part(object, owner, operand, depth);
        let children = opened(operation, operands).into_iter().map(part).collect::<Result<_, _>>()?;
        self.node(object, owner, operation, children)
    }

    /// `a - b - c` as this contract has it: what is left of `a - b`, and `c`.
    fn exclusion(
        &mut self,
        object: &ObjectRef,
        owner: &str,
        operands: &[Expression],
        depth: usize,
    ) -> Result<PermissionRelationshipTree, Error> {
        let (first, rest) = operands.split_first().expect("an exclusion has operands");
        let mut left = self.part(object, owner, first, depth)?;
        for operand in rest {
            let right = self.part(object, owner, operand, depth)?;
            left = self.node(object, owner, Operation::Exclusion, vec![left, right])?;
        }
        Ok(left)
    }

    /// What the objects that a relation leads to contribute.
    fn along(
        &mut self,
        object: &ObjectRef,
        owner: &str,
        (relation, target): (&str, &str),
        depth: usize,
    ) -> Result<Vec<PermissionRelationshipTree>, Error> {
        let mut children = Vec::new();
        for subject in self.stored(object, relation)? {
            let next = subject.object();
            // Not every type that the relation allows has the target: then nobody follows from there.
            children.push(match self.graph.schema().member(next.object_type(), target) {
                Some(member) => self.member(next, member, depth + 1)?,
                None => self.leaf(object, owner, Vec::new())?,
            });
        }
        Ok(children)
    }

    fn stored(&self, object: &ObjectRef, relation: &str) -> Result<Vec<SubjectRef>, Error> {
        self.graph.subjects(object, relation, self.entries_max).ok_or_else(|| self.too_large())
    }

    fn leaf(
        &mut self,
        object: &ObjectRef,
        owner: &str,
        subjects: Vec<SubjectReference>,
    ) -> Result<PermissionRelationshipTree, Error> {
        self.count(1 + subjects.len())?;
        Ok(tree(object, owner, TreeType::Leaf(DirectSubjectSet { subjects })))
    }

    fn node(
        &mut self,
        object: &ObjectRef,
        owner: &str,
        operation: Operation,
        children: Vec<PermissionRelationshipTree>,
    ) -> Result<PermissionRelationshipTree, Error> {
        self.count(1)?;
        let set = AlgebraicSubjectSet { operation: operation.into(), children };
        Ok(tree(object, owner, TreeType::Intermediate(set)))
    }

    fn count(&mut self, entries: usize) -> Result<(), Error> {
        self.entries += entries;
        if self.entries > self.entries_max {
            return Err(self.too_large());
        }
        Ok(())
    }

    fn too_large(&self) -> Error {
        Error::TreeTooLarge { what: ENTRIES, max: self.entries_max }
    }
}

/// Operands without the parentheses around those of the same operator: `a + (b + c)` is a union of three.
fn opened(operation: Operation, operands: &[Expression]) -> Vec<&Expression> {
    let mut all = Vec::new();
    for operand in operands {
        match (operation, operand) {
            (Operation::Union, Expression::Union(inner))
            | (Operation::Intersection, Expression::Intersection(inner)) => all.extend(opened(operation, inner)),
            (_, operand) => all.push(operand),
        }
    }
    all
}

fn tree(object: &ObjectRef, owner: &str, tree_type: TreeType) -> PermissionRelationshipTree {
    PermissionRelationshipTree {
        tree_type: Some(tree_type),
        expanded_object: Some(object_message(object)),
        expanded_relation: owner.to_owned(),
    }
}

fn object_message(object: &ObjectRef) -> ObjectReference {
    ObjectReference { object_type: object.object_type().to_owned(), object_id: object.object_id().to_owned() }
}

fn subject_message(subject: &SubjectRef) -> SubjectReference {
    SubjectReference {
        object: Some(object_message(subject.object())),
        optional_relation: subject.relation().unwrap_or_default().to_owned(),
    }
}
