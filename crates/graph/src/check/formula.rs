//! When one pair of object and member is a yes, in terms of other pairs.

/// A formula over numbered nodes. Its depth is that of the expression it came from, so evaluating it may recurse.
#[derive(Clone, Debug)]
pub(super) enum Formula {
    True,
    False,
    Node(usize),
    /// At least one of them.
    Any(Vec<Formula>),
    /// Every one of them; of none it is true.
    All(Vec<Formula>),
    /// The first and none of the others.
    Except(Vec<Formula>),
}

impl Formula {
    /// The value, given which nodes hold.
    pub(super) fn holds(&self, nodes: &[bool]) -> bool {
        match self {
            Formula::True => true,
            Formula::False => false,
            Formula::Node(node) => nodes[*node],
            Formula::Any(all) => all.iter().any(|formula| formula.holds(nodes)),
            Formula::All(all) => all.iter().all(|formula| formula.holds(nodes)),
            Formula::Except(all) => {
                all.iter().enumerate().all(|(position, formula)| formula.holds(nodes) == (position == 0))
            }
        }
    }
}
