//! `use typechecking`: a permission's declared types must hold every type its expression can reach.
//!
//! A type is reached when one of its objects can be a subject of a relation that the expression leads to, on either side
//! of any operator. More types may be declared than are reached.

use super::errors::ErrorList;
use super::syntax::{BodySyntax, File, Name};
use super::{Definition, Expression, Member, Schema, SubjectKind};
use crate::components::components;

/// Reports annotations that leave out a type. Every reference in `schema` must be known to exist.
pub(super) fn check(schema: &Schema, file: &File, errors: &mut ErrorList) {
    let annotated =
        file.definitions.iter().flat_map(|definition| &definition.members).any(|member| match &member.body {
            BodySyntax::Permission { annotation, .. } => annotation.is_some(),
            BodySyntax::Relation { .. } => false,
        });
    if !annotated {
        return;
    }
    let reach = Reach::of(schema);
    for (index, definition) in file.definitions.iter().enumerate() {
        for (position, member) in definition.members.iter().enumerate() {
            if let BodySyntax::Permission { annotation: Some(declared), .. } = &member.body {
                check_one(schema, &member.name, declared, &reach.types_of(index, position), errors);
            }
        }
    }
}

fn check_one(schema: &Schema, permission: &Name, declared: &[Name], reached: &[usize], errors: &mut ErrorList) {
    let missing: Vec<&str> = reached
        .iter()
        .map(|definition| schema.definitions[*definition].name.as_str())
        .filter(|reached| !declared.iter().any(|name| name.text == *reached))
        .take(10)
        .collect();
    if !missing.is_empty() {
        let message = format!("`{}` also reaches `{}`", permission.text, missing.join("`, `"));
        let hint = "declare the missing types, or take what reaches them out of the expression";
        errors.report(permission.offset, message, hint);
    }
}

/// Which types each member reaches, as one row of bits per member.
struct Reach {
    /// The number of the first member of each definition.
    first: Vec<usize>,
    rows: Vec<Vec<u64>>,
}

impl Reach {
    fn of(schema: &Schema) -> Self {
        let mut first = Vec::new();
        let mut count = 0;
        for definition in &schema.definitions {
            first.push(count);
            count += definition.members.len();
        }
        let words = schema.definitions.len().div_ceil(64);
        let mut reach = Self { first, rows: vec![vec![0; words]; count] };
        let mut successors = vec![Vec::new(); count];
        for (index, definition) in schema.definitions.iter().enumerate() {
            for (position, member) in definition.members.iter().enumerate() {
                successors[reach.first[index] + position] = reach.begin(schema, index, position, definition, member);
            }
        }
        reach.spread(&successors);
        reach
    }

    /// Notes the types a member names itself and returns the members it refers to.
    fn begin(
        &mut self,
        schema: &Schema,
        index: usize,
        position: usize,
        definition: &Definition,
        member: &Member,
    ) -> Vec<usize> {
        let number = self.first[index] + position;
        let mut found = Vec::new();
        match member {
            Member::Relation(relation) => {
                for subject_type in &relation.subject_types {
                    match &subject_type.kind {
                        SubjectKind::Object | SubjectKind::Wildcard => {
                            self.set(number, schema.by_name[&subject_type.object_type]);
                        }
                        SubjectKind::Userset(name) => {
                            found.extend(self.number(schema, &subject_type.object_type, name))
                        }
                    }
                }
            }
            Member::Permission(permission) => permission.expression.walk(&mut |expression| match expression {
                Expression::Own => self.set(number, index),
                Expression::Member(name) => found.extend(self.number(schema, &definition.name, name)),
                Expression::Arrow { relation, target, .. } => {
                    let relation = definition.relation(relation).expect("an arrow was checked to begin at a relation");
                    let types = relation.subject_types.iter();
                    found.extend(types.filter_map(|one| self.number(schema, &one.object_type, target)));
                }
                Expression::Nil | Expression::Union(_) | Expression::Intersection(_) | Expression::Exclusion(_) => {}
            }),
        }
        found
    }

    /// Everything a member refers to reaches, it reaches.
    fn spread(&mut self, successors: &[Vec<usize>]) {
        for component in components(successors) {
            let mut row = self.rows[component[0]].clone();
            for member in component.iter().chain(component.iter().flat_map(|member| &successors[*member])) {
                row.iter_mut().zip(&self.rows[*member]).for_each(|(bits, more)| *bits |= more);
            }
            component.iter().for_each(|member| self.rows[*member].clone_from(&row));
        }
    }

    fn number(&self, schema: &Schema, object_type: &str, name: &str) -> Option<usize> {
        let index = *schema.by_name.get(object_type)?;
        let position = *schema.definitions[index].by_name.get(name)?;
        Some(self.first[index] + position)
    }

    fn set(&mut self, number: usize, definition: usize) {
        self.rows[number][definition / 64] |= 1 << (definition % 64);
    }

    fn types_of(&self, index: usize, position: usize) -> Vec<usize> {
        let row = &self.rows[self.first[index] + position];
        (0..row.len() * 64).filter(|bit| row[bit / 64] >> (bit % 64) & 1 == 1).collect()
    }
}
