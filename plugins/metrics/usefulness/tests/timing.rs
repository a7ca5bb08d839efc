//! How long an evaluation takes: `cargo test --release -- --ignored --nocapture`.

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn evaluation() {
    let shortest = metric_common::testing::time::<metric_usefulness::Usefulness>();
    println!("929 participants, 20 labelled sets, 100 resamples: {shortest:?}");
}
