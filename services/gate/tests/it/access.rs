//! Nobody calls what the contract does not let them call.

use gate::Gate;

use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_refuses_strangers() {
    let world = world::start().await;
    testing::access::every_rpc_refuses_strangers::<Gate>(&world.gate).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_that_is_served_has_a_row() {
    let world = world::start().await;
    testing::reflected::every_reflected_method_has_a_row::<Gate>(&world.gate).await;
}
