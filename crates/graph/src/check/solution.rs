//! The least solution of the equations, component by component.

use super::CheckError;
use super::discovery::System;
use crate::components::components;

/// Nodes named of a cycle through a negation, before the middle is left out.
const CYCLE_SHOWN_MAX: usize = 16;

/// Which nodes hold.
///
/// Components come in the order of dependence, so all that a component excludes is settled before it; inside it the
/// equations only ever add, so starting from no and going on until nothing changes finds the least solution.
pub(super) fn solve(system: &System<'_>) -> Result<Vec<bool>, CheckError> {
    let components = components(&system.successors);
    let mut component_of = vec![0; system.nodes.len()];
    for (number, component) in components.iter().enumerate() {
        component.iter().for_each(|node| component_of[*node] = number);
    }
    if let Some((from, to)) = system.negated.iter().find(|(from, to)| component_of[*from] == component_of[*to]) {
        return Err(CheckError::CycleThroughNegation { cycle: cycle(system, &component_of, *from, *to) });
    }

    let mut dependents = vec![Vec::new(); system.nodes.len()];
    for (node, successors) in system.successors.iter().enumerate() {
        successors.iter().for_each(|successor| dependents[*successor].push(node));
    }
    let mut holds = vec![false; system.nodes.len()];
    for component in components {
        let mut waiting = component;
        while let Some(node) = waiting.pop() {
            if !holds[node] && system.formulas[node].holds(&holds) {
                holds[node] = true;
                let inside =
                    dependents[node].iter().filter(|dependent| component_of[**dependent] == component_of[node]);
                waiting.extend(inside);
            }
        }
    }
    Ok(holds)
}

/// The shortest way from `to` back to `from` inside their component, with `from` in front.
fn cycle(system: &System<'_>, component_of: &[usize], from: usize, to: usize) -> Vec<String> {
    let mut came_from = vec![None; system.nodes.len()];
    let mut queue = std::collections::VecDeque::from([to]);
    while let Some(node) = queue.pop_front() {
        if node == from {
            break;
        }
        for next in &system.successors[node] {
            if component_of[*next] == component_of[from] && *next != to && came_from[*next].is_none() {
                came_from[*next] = Some(node);
                queue.push_back(*next);
            }
        }
    }
    let mut back = vec![from];
    let mut node = from;
    while node != to {
        node = came_from[node].expect("a component leads from each of its nodes to every other");
        back.push(node);
    }
    back.push(from);
    back.reverse();
    let mut names: Vec<String> = back.iter().map(|node| system.nodes[*node].to_string()).collect();
    if names.len() > CYCLE_SHOWN_MAX {
        let half = CYCLE_SHOWN_MAX / 2;
        let tail = names.len() - half;
        names.splice(half..tail, ["...".to_owned()]);
    }
    names
}
