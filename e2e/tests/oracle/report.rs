//! What a comparison came to.

use std::collections::BTreeMap;
use std::fmt;

use crate::differences::Difference;

/// An answer of one that is not the other's, and that no deliberate difference explains.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// What was asked.
    pub(crate) asked: String,
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

impl Finding {
    /// What kind of difference it is: the RPC, and how each answered. Of each kind one is shown.
    pub(crate) fn kind(&self) -> String {
        let rpc = self.asked.split(' ').next().unwrap_or_default();
        let [ours, theirs] = [&self.ours, &self.theirs].map(|answer| {
            let refusal = answer.split_once("code: ").and_then(|(_, rest)| rest.split(',').next());
            refusal.unwrap_or(answer.split(['(', '[']).next().unwrap_or_default())
        });
        format!("{rpc}: ours {ours:.40}, SpiceDB {theirs:.40}")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n    ours:    {}\n    SpiceDB: {}", self.asked, self.ours, self.theirs)
    }
}

/// How many answers were compared, and how they differed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) worlds: u64,
    /// In how many of them SpiceDB took too long over something.
    pub(crate) stuck: u64,
    /// By the RPC that was asked.
    pub(crate) compared: BTreeMap<&'static str, u64>,
    pub(crate) deliberate: BTreeMap<Difference, u64>,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn answers(&self) -> u64 {
        self.compared.values().sum()
    }

    /// Counts one answer, which is the other's or is explained by a deliberate difference or is a finding.
    pub(crate) fn count(
        &mut self,
        rpc: &'static str,
        same: bool,
        why: Option<Difference>,
        finding: impl FnOnce() -> Finding,
    ) {
        *self.compared.entry(rpc).or_default() += 1;
        match why {
            _ if same => {}
            Some(difference) => *self.deliberate.entry(difference).or_default() += 1,
            None => self.findings.push(finding()),
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.stuck += other.stuck;
        other.compared.into_iter().for_each(|(rpc, count)| *self.compared.entry(rpc).or_default() += count);
        other.deliberate.into_iter().for_each(|(which, count)| *self.deliberate.entry(which).or_default() += count);
        self.findings.extend(other.findings);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} answers of {} worlds compared: {:?}", self.answers(), self.worlds, self.compared)?;
        write!(formatter, "; SpiceDB got stuck in {}", self.stuck)?;
        for (difference, count) in &self.deliberate {
            write!(formatter, "\n  {count} {}", difference.name())?;
        }
        Ok(())
    }
}
