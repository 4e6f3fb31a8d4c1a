//! Strongly connected components (Tarjan, SIAM J. Comput. 1972) with an explicit stack instead of recursion.

/// The components of the graph in which node `n` points at `successors[n]`, each before the components that point at it.
pub(crate) fn components(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search::new(successors);
    for root in 0..successors.len() {
        if search.order[root] == UNSEEN {
            search.from(root);
        }
    }
    search.found
}

const UNSEEN: usize = usize::MAX;

struct Search<'g> {
    successors: &'g [Vec<usize>],
    /// When each node was first seen.
    order: Vec<usize>,
    /// The earliest node still open that each node reaches.
    low: Vec<usize>,
    open: Vec<usize>,
    is_open: Vec<bool>,
    seen: usize,
    found: Vec<Vec<usize>>,
}

impl<'g> Search<'g> {
    fn new(successors: &'g [Vec<usize>]) -> Self {
        let count = successors.len();
        Self {
            successors,
            order: vec![UNSEEN; count],
            low: vec![UNSEEN; count],
            open: Vec::new(),
            is_open: vec![false; count],
            seen: 0,
            found: Vec::new(),
        }
    }

    fn from(&mut self, root: usize) {
        self.enter(root);
        let mut path = vec![(root, 0)];
        while let Some((node, child)) = path.last_mut() {
            let node = *node;
            if let Some(&next) = self.successors[node].get(*child) {
                *child += 1;
                if self.order[next] == UNSEEN {
                    self.enter(next);
                    path.push((next, 0));
                } else if self.is_open[next] {
                    self.low[node] = self.low[node].min(self.order[next]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            if self.low[node] == self.order[node] {
                self.close(node);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.order[node] = self.seen;
        self.low[node] = self.seen;
        self.seen += 1;
        self.open.push(node);
        self.is_open[node] = true;
    }

    fn close(&mut self, first: usize) {
        let start =
            self.open.iter().rposition(|node| *node == first).expect("a node is open until its component closes");
        let component = self.open.split_off(start);
        for node in &component {
            self.is_open[*node] = false;
        }
        self.found.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut found = components(successors);
        found.iter_mut().for_each(|component| component.sort_unstable());
        found
    }

    #[test]
    fn a_chain_comes_out_last_node_first() {
        assert_eq!(sorted(&[vec![1], vec![2], vec![]]), [[2], [1], [0]]);
    }

    #[test]
    fn two_rings_joined_by_an_edge_are_two_components() {
        let graph = [vec![1], vec![0, 2], vec![3], vec![2]];
        assert_eq!(sorted(&graph), [[2, 3], [0, 1]]);
    }

    #[test]
    fn a_ring_of_a_million_nodes_does_not_use_the_stack() {
        let count = 1_000_000;
        let ring: Vec<Vec<usize>> = (0..count).map(|node| vec![(node + 1) % count]).collect();
        assert_eq!(components(&ring).len(), 1);
    }
}
