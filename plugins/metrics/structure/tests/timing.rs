//! How long an evaluation takes: `cargo test --release -- --ignored --nocapture`.

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn evaluation() {
    let shortest = metric_common::testing::time::<metric_structure::Structure>();
    println!("929 participants, 27 groups, 100 resamples: {shortest:?}");
}
