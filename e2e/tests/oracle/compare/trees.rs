//! Trees of what a permission is made of.

use contract::authzed::api::v1::PermissionRelationshipTree;
use contract::authzed::api::v1::algebraic_subject_set::Operation;
use contract::authzed::api::v1::permission_relationship_tree::TreeType;
use graph::ObjectRef;
use worlds::Reach;

use super::finding;
use crate::answers::{Refusal, is_too_deep};
use crate::differences::Difference;
use crate::message::{expansion, subject_text};
use crate::pair::Pair;
use crate::report::Report;

/// Compares the trees, whatever the order of what has none.
pub(super) async fn compare(pair: &mut Pair, node: &(ObjectRef, String), reach: Reach, report: &mut Report) {
    let request = expansion(&node.0, &node.1);
    let theirs = pair.spicedb.expand(&request).map(|answer| shape(&answer.tree_root.unwrap()));
    if pair.spicedb.is_stuck() {
        return;
    }
    let ours = pair.ours().expand_permission_tree(request).await;
    let ours = ours.map(|answer| shape(&answer.into_inner().tree_root.unwrap())).map_err(Refusal::from);
    let (same, why) = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => (ours == theirs, None),
        // There is no tree of a circle, and each says so with a code of its own.
        (_, Err(refusal)) if is_too_deep(refusal) && reach == Reach::Circle => (false, Some(Difference::CycleAnswered)),
        (Err(ours), Err(theirs)) => (ours.code == theirs.code, None),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => (false, None),
    };
    let asked = format!("{}#{}", node.0, node.1);
    report.count("ExpandPermissionTree", same, why, || finding("ExpandPermissionTree", asked, &ours, &theirs));
}

/// A tree as text. Only the first of what is excluded from has a place of its own.
fn shape(tree: &PermissionRelationshipTree) -> String {
    let object = tree.expanded_object.as_ref().map(|object| format!("{}:{}", object.object_type, object.object_id));
    let of = format!("{}#{}", object.unwrap_or_default(), tree.expanded_relation);
    match tree.tree_type.as_ref().expect("a tree is a leaf or a node") {
        TreeType::Leaf(leaf) => {
            let mut subjects: Vec<String> = leaf.subjects.iter().map(subject_text).collect();
            subjects.sort();
            format!("{of}{subjects:?}")
        }
        TreeType::Intermediate(set) => {
            let mut children: Vec<String> = set.children.iter().map(shape).collect();
            let ordered = usize::from(set.operation() == Operation::Exclusion).min(children.len());
            children[ordered..].sort();
            format!("{of} {:?}({})", set.operation(), children.join(", "))
        }
    }
}
