//! Nobody calls what the contract does not let them call.

use gate::Gate;

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_refuses_strangers() {
    let world = world::start().await;
    testing::access::every_rpc_refuses_strangers::<Gate>(&world.gate).await;
}
