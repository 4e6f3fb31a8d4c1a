//! Which relations and permissions can depend on a cycle through a negation.

use crate::components::components;

/// A relation or permission that another is computed from, on the same object or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Dependency {
    pub(super) member: u32,
    /// Whether it stands on the right of an exclusion, however deep.
    pub(super) negated: bool,
}

/// For each member, whether data could close a cycle through a negation below it.
///
/// A cycle over data projects to a cycle over members, so a member that reaches no such cycle is safe whatever is stored.
pub(super) fn risky(dependencies: &[Vec<Dependency>]) -> Vec<bool> {
    let successors: Vec<Vec<usize>> =
        dependencies.iter().map(|all| all.iter().map(|one| one.member as usize).collect()).collect();
    let mut component_of = vec![usize::MAX; dependencies.len()];
    let mut risky = vec![false; dependencies.len()];
    // What a component points at comes before it, so its risk is known.
    for (number, component) in components(&successors).into_iter().enumerate() {
        component.iter().for_each(|member| component_of[*member] = number);
        let is_risky = component.iter().flat_map(|member| &dependencies[*member]).any(|dependency| {
            let member = dependency.member as usize;
            risky[member] || (dependency.negated && component_of[member] == number)
        });
        component.iter().for_each(|member| risky[*member] = is_risky);
    }
    risky
}
