//! Who may not call, may not: every RPC, every kind of caller.

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_refuses_whoever_may_not_call_it() {
    let world = crate::world::start().await;
    testing::access::every_rpc_refuses_strangers::<identity::Identity>(&world.service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_that_is_served_has_a_row() {
    let world = crate::world::start().await;
    testing::reflected::every_reflected_method_has_a_row::<identity::Identity>(&world.service).await;
}
