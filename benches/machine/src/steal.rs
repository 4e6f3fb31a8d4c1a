//! Time that the machine's host gave to others.

/// Ticks of all processors together since the machine began.
#[derive(Clone, Copy, Debug)]
pub struct Steal {
    stolen: u64,
    idle: u64,
    all: u64,
}

impl Steal {
    /// As it stands now.
    ///
    /// # Errors
    /// If the operating system does not say.
    pub fn read() -> Result<Self, String> {
        let stat = std::fs::read_to_string("/proc/stat").map_err(|error| format!("/proc/stat: {error}"))?;
        Ok(Self::parse(&stat))
    }

    /// The first line's fields: user, nice, system, idle, iowait, irq, softirq, steal.
    fn parse(stat: &str) -> Self {
        let line = stat.lines().next().unwrap_or_default();
        let ticks: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
        let at = |place: usize| ticks.get(place).copied().unwrap_or(0);
        Self { stolen: at(7), idle: at(3) + at(4), all: ticks.iter().sum() }
    }

    /// How much of all processors' time was stolen since an earlier reading, and how much they worked, in percent.
    #[expect(clippy::cast_precision_loss, reason = "ticks of minutes, far fewer than a float can count")]
    pub fn percent_since(&self, before: &Self) -> (f64, f64) {
        let all = self.all.saturating_sub(before.all).max(1) as f64;
        let stolen = self.stolen.saturating_sub(before.stolen) as f64;
        let idle = self.idle.saturating_sub(before.idle) as f64;
        (100.0 * stolen / all, 100.0 * (all - idle - stolen) / all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_and_worked_time_are_shares_of_all() {
        let before = Steal::parse("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1");
        let after = Steal::parse("cpu  30 0 20 110 10 0 0 30 0 0\ncpu0 1");
        let (stolen, worked) = after.percent_since(&before);
        assert!((stolen - 30.0).abs() < 1e-9 && (worked - 30.0).abs() < 1e-9, "{stolen} {worked}");
    }
}
