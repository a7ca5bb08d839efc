//! US dollars in whole billionths: sums that do not depend on their order.

/// Billionths of a US dollar in one.
const NANO: f64 = 1e9;
/// No sum here comes near; what is larger is no amount.
const USD_MAX: f64 = 1e9;

/// An amount in billionths of a US dollar, rounded; `None` where it is negative, too large or no
/// number.
pub fn nano(usd: f64) -> Option<u64> {
    (0.0..=USD_MAX).contains(&usd).then(|| (usd * NANO).round() as u64)
}

/// An amount as tables show it: US dollars, exact, without needless zeros.
pub fn text(nano: i128) -> String {
    let sign = if nano < 0 { "-" } else { "" };
    let (whole, rest) = (nano.unsigned_abs() / 1_000_000_000, nano.unsigned_abs() % 1_000_000_000);
    let text = format!("{sign}{whole}.{rest:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_and_shown_exactly() {
        assert_eq!(nano(0.1), Some(100_000_000));
        assert_eq!(nano(0.000_000_000_6), Some(1));
        assert_eq!(nano(-0.0), Some(0));
        for wrong in [-1e-9, f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(nano(wrong), None, "{wrong}");
        }
        assert_eq!(text(12_345_000), "0.012345");
        assert_eq!(text(5_000_000_000), "5");
        assert_eq!(text(-1), "-0.000000001");
        assert_eq!(text(0), "0");
        assert_eq!(text(10_500_000_000), "10.5");
    }
}
