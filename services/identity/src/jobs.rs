//! What runs beside the calls: one loop, one file.

mod count_outdated;
mod forget_ended;
mod rotate_token_keys;
mod seal_anew;

use std::convert::Infallible;
use std::sync::Arc;

use chassis::Foundation;
use chassis::deletion::Deleter;

use crate::Identity;
use crate::deletion::OwnHoldings;
use crate::metrics::KeyMetrics;

/// Begins the jobs.
pub(crate) fn begin(service: &Arc<Identity>, foundation: &Foundation) {
    let published = foundation.readiness.wait_for("the token key in the feed");
    foundation.tasks.spawn(
        "rotate token keys",
        rotate_token_keys::run(Arc::clone(service), foundation.learnt.keys.clone(), published),
    );
    let metrics = KeyMetrics::register(&foundation.metrics);
    foundation.tasks.spawn("count outdated", count_outdated::run(Arc::clone(service), metrics));
    foundation.tasks.spawn("seal anew", seal_anew::run(Arc::clone(service)));
    let deleter = Deleter {
        service: "identity",
        database: foundation.database.clone(),
        clock: Arc::clone(&foundation.clock),
        holdings: OwnHoldings,
        identity: None,
    };
    foundation.tasks.spawn("delete tenants", deleter.run());
    foundation.tasks.spawn("forget ended", forget_ended::run(Arc::clone(service)));
    foundation.tasks.spawn("refresh issuers", Arc::clone(&service.issuers).refresh());
    // Identity verifies calls as everyone does: with the keys in its feed, gate's among them.
    let follower = foundation.follow_own_feed();
    foundation.tasks.spawn("follow own feed", follower.run(async |_, _| Ok::<_, Infallible>(())));
}
