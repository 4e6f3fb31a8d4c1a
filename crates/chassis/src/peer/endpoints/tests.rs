//! Whose turn it is, who is left out, and what becomes of both when the addresses change.

use super::*;

fn channel() -> Channel {
    tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy()
}

fn endpoints(addresses: &[&str]) -> Endpoints {
    Endpoints::new(addresses.iter().map(|address| ((*address).to_owned(), channel())))
}

fn next(endpoints: &Endpoints) -> Option<Place> {
    endpoints.choose(&endpoints.all(), &mut Tried::default())
}

fn chosen(endpoints: &Endpoints, calls: usize) -> String {
    (0..calls).filter_map(|_| next(endpoints)).map(|place| place.0.address.clone()).collect()
}

/// A place at the endpoint with this address.
fn at(endpoints: &Endpoints, address: &str) -> Place {
    endpoints.all().iter().find(|endpoint| endpoint.address == address).unwrap().take_place().unwrap()
}

#[tokio::test(start_paused = true)]
async fn calls_take_turns_over_all_endpoints() {
    assert_eq!(chosen(&endpoints(&["a", "b", "c"]), 6), "abcabc");
}

#[tokio::test(start_paused = true)]
async fn one_that_broke_is_left_out_then_tried_by_one_call_and_taken_back_when_it_answers() {
    let endpoints = endpoints(&["a", "b"]);
    endpoints.broke(&at(&endpoints, "a"));
    assert_eq!(chosen(&endpoints, 4), "bbbb");
    tokio::time::advance(LEFT_OUT).await;
    let tries = chosen(&endpoints, 4);
    assert_eq!(tries.matches('a').count(), 1, "{tries}");
    endpoints.answered(&at(&endpoints, "a"));
    assert_eq!(chosen(&endpoints, 4), "abab");
}

#[tokio::test(start_paused = true)]
async fn with_all_down_each_is_tried_once_a_call() {
    let endpoints = endpoints(&["a", "b"]);
    endpoints.broke(&at(&endpoints, "a"));
    endpoints.broke(&at(&endpoints, "b"));
    let (all, mut tried) = (endpoints.all(), Tried::default());
    let mut both: Vec<String> =
        std::iter::from_fn(|| endpoints.choose(&all, &mut tried)).map(|place| place.0.address.clone()).collect();
    both.sort_unstable();
    assert_eq!(both, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_answers_with_nothing_but_outages_is_left_out() {
    let endpoints = endpoints(&["a", "b"]);
    for _ in 1..OUTAGES_IN_A_ROW_MAX {
        assert!(!endpoints.answered_with_an_outage(&at(&endpoints, "a")));
    }
    // One good answer in between, and it begins from the start.
    endpoints.answered(&at(&endpoints, "a"));
    for _ in 1..OUTAGES_IN_A_ROW_MAX {
        assert!(!endpoints.answered_with_an_outage(&at(&endpoints, "a")));
    }
    assert!(endpoints.answered_with_an_outage(&at(&endpoints, "a")));
    assert_eq!(chosen(&endpoints, 4), "bbbb");
}

#[tokio::test(start_paused = true)]
async fn one_with_as_many_calls_under_way_as_it_may_gets_no_more_until_one_ends() {
    let endpoints = endpoints(&["a", "b"]);
    let mut places: Vec<Place> = (0..CALLS_UNDER_WAY_MAX).map(|_| at(&endpoints, "a")).collect();
    assert_eq!(chosen(&endpoints, 4), "bbbb");
    let others: Vec<Place> = (0..CALLS_UNDER_WAY_MAX).map(|_| at(&endpoints, "b")).collect();
    assert!(next(&endpoints).is_none(), "calls_under_way_max at both");
    places.pop();
    assert_eq!(chosen(&endpoints, 2), "aa");
    drop((places, others));
    assert_eq!(chosen(&endpoints, 2).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn new_addresses_get_calls_and_those_that_stay_keep_what_is_known_of_them() {
    let endpoints = endpoints(&["a", "b"]);
    endpoints.broke(&at(&endpoints, "b"));
    let gone = at(&endpoints, "a");
    let addresses = |addresses: &[&str]| addresses.iter().map(|address| (*address).to_owned()).collect::<Vec<_>>();
    assert!(!endpoints.replace(&addresses(&["b", "a"]), |_| None), "the same in another order");
    assert!(endpoints.replace(&addresses(&["b", "c"]), |_| Some(channel())));
    assert_eq!(chosen(&endpoints, 4), "cccc", "a is gone, b still left out");
    // A call that is under way there ends in peace.
    endpoints.answered(&gone);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_stands_for_more_than_the_most_endpoints_is_cut() {
    let endpoints = endpoints(&["a"]);
    let many: Vec<String> = (0..=ENDPOINTS_MAX).map(|number| number.to_string()).collect();
    assert!(endpoints.replace(&many, |_| Some(channel())));
    assert_eq!(endpoints.count(), ENDPOINTS_MAX);
}
