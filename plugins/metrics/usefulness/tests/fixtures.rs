//! Values that other software computed, see `fixtures/make.py`.

#[test]
fn other_software_agrees() {
    metric_common::testing::check_fixtures::<metric_usefulness::Usefulness>(include_str!(
        "fixtures/expected.json"
    ));
}
