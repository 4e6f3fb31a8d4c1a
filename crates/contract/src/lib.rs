//! The contracts in Rust: messages, clients and servers generated from `proto/`, and the tables that come with them.
//!
//! Nothing here is written by hand but the tables' types, and the table of what is no RPC. `cargo xtask codegen` writes the rest.

pub mod metrics;
pub mod peer;
pub mod rpc;
pub mod web;

/// Options and subjects that every contract shares.
pub mod common {
    #[rustfmt::skip]
    pub mod v1 {
        include!("generated/bailiwick.common.v1.rs");
    }
}

/// Who is calling.
pub mod identity {
    #[rustfmt::skip]
    pub mod v1 {
        include!("generated/bailiwick.identity.v1.rs");
    }
}

/// Whether they may.
pub mod permissions {
    #[rustfmt::skip]
    pub mod v1 {
        include!("generated/bailiwick.permissions.v1.rs");
    }
}

/// Whether they may, at the edge.
pub mod gate {
    #[rustfmt::skip]
    pub mod v1 {
        include!("generated/bailiwick.gate.v1.rs");
    }
}

/// SpiceDB's public contract, which the permissions service also speaks.
pub mod authzed {
    /// Version 1.
    pub mod api {
        #[rustfmt::skip]
        pub mod v1 {
            include!("generated/authzed.api.v1.rs");
        }
    }
}

/// What foreign contracts share.
pub mod google {
    #[rustfmt::skip]
    pub mod rpc {
        include!("generated/google.rpc.rs");
    }
}

/// The example upstream's own contract: a user's, not ours.
pub mod example {
    /// Documents over gRPC.
    pub mod documents {
        #[rustfmt::skip]
    pub mod v1 {
            include!("generated/example.documents.v1.rs");
        }
    }
}

#[rustfmt::skip]
#[path = "generated/metrics.rs"]
mod metrics_tables;
#[rustfmt::skip]
#[path = "generated/peers.rs"]
mod peers;
#[rustfmt::skip]
#[path = "generated/reasons.rs"]
mod reasons;
#[rustfmt::skip]
#[path = "generated/rpcs.rs"]
mod rpcs;

pub use reasons::Reason;

/// The descriptors of every contract, as reflection answers them: an encoded `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!("generated/descriptors.bin");

/// The domain of our errors in `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "bailiwick";

/// The names of the metadata and headers that Bailiwick reads and sets.
pub mod header {
    /// Gate's signed word about the caller. Set by gate alone; stripped from what clients send.
    pub const ASSERTION: &str = "bailiwick-assertion";
    /// The consistency token that a caller wants its answer to be at least as fresh as.
    pub const CONSISTENCY: &str = "bailiwick-consistency";
    /// The id of gate's decision, on every answer.
    pub const DECISION_ID: &str = "bailiwick-decision-id";
    /// The coarse reason of a denial.
    pub const REASON: &str = "bailiwick-reason";
    /// The id of one request, from the caller or made on arrival.
    pub const REQUEST_ID: &str = "x-request-id";
    /// The tenant that a call is about, where the caller may name one.
    pub const TENANT: &str = "bailiwick-tenant";
}

/// The tenant whose namespace decides Bailiwick's own administration. No caller belongs to it.
pub const SYSTEM_TENANT: &str = "system";
