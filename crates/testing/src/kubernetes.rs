//! A Kubernetes node on this machine, for stories and for `cargo xtask kube up`: the real components in namespaces of their own, without
//! a registry, a container engine or a virtual machine. `deploy/kubernetes-node/` holds what it is made of.

mod authority;
mod needs;
mod node;
mod programs;
mod traces;

pub use needs::{install_packages, why_not};
pub use node::Node;
pub use programs::{Program, Programs};
pub use traces::Traces;
