//! What a cluster is made of: its parts, and the processes of those that have several.

/// The services of the plane, in the order in which they are migrated. Each may have several processes.
pub const SERVICES: [Part; 3] = [Part::Identity, Part::Permissions, Part::Gate];

/// One part of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Every service's database.
    Postgres,
    /// Who is calling.
    Identity,
    /// Whether they may.
    Permissions,
    /// Whether they may, at the edge.
    Gate,
    /// The example upstream.
    Documents,
    /// The gateway.
    Envoy,
}

impl Part {
    /// All, in the order in which they start.
    pub const ALL: [Self; 6] =
        [Self::Postgres, Self::Identity, Self::Permissions, Self::Gate, Self::Documents, Self::Envoy];

    /// The name of its certificate, its database and its first process.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Identity => "identity",
            Self::Permissions => "permissions",
            Self::Gate => "gate",
            Self::Documents => "documents",
            Self::Envoy => "envoy",
        }
    }

    /// One of its processes, counted from 1.
    pub fn replica(self, replica: u8) -> Member {
        Member { part: self, replica }
    }

    /// Its processes in a cluster with so many of each service.
    pub fn members(self, replicas: u8) -> impl DoubleEndedIterator<Item = Member> {
        let count = if SERVICES.contains(&self) { replicas } else { 1 };
        (1..=count).map(move |replica| self.replica(replica))
    }
}

/// One process of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// What it is a process of.
    pub part: Part,
    /// Which one, counted from 1.
    pub replica: u8,
}

impl Member {
    /// The name of its configuration, its log and its record: the part's for the first, `permissions-2` for the second.
    pub fn name(self) -> String {
        match self.replica {
            ..=1 => self.part.name().to_owned(),
            replica => format!("{}-{replica}", self.part.name()),
        }
    }
}

impl From<Part> for Member {
    fn from(part: Part) -> Self {
        part.replica(1)
    }
}
