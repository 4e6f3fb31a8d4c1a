//! Who may call at all.

use permissions::Permissions;

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rpc_refuses_strangers() {
    let world = World::start().await;
    testing::access::every_rpc_refuses_strangers::<Permissions>(&world.harness).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_that_is_served_has_a_row() {
    let world = World::start().await;
    testing::reflected::every_reflected_method_has_a_row::<Permissions>(&world.harness).await;
}
