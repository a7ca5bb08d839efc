use std::sync::LazyLock;

/// Counts up to here have their logarithms in a table; more people than this are rare.
const SIZE: usize = 1 << 14;

static TABLE: LazyLock<Logs> = LazyLock::new(|| {
    let below = |f: fn(f64) -> f64| (0..SIZE).map(|x| f(x as f64)).collect();
    Logs { x_ln_x: below(x_ln_x), x_ln_half_x: below(x_ln_half_x) }
});

/// `x ln x` of whole numbers. Entropies of counts are sums of these, and logarithms would be
/// nearly all of their cost.
pub(crate) struct Logs {
    x_ln_x: Vec<f64>,
    x_ln_half_x: Vec<f64>,
}

impl Logs {
    #[inline]
    pub(crate) fn get() -> &'static Self {
        &TABLE
    }

    /// `x ln x`, 0 at 0.
    #[inline]
    pub(crate) fn x_ln_x(&self, x: u32) -> f64 {
        self.x_ln_x.get(x as usize).copied().unwrap_or_else(|| x_ln_x(f64::from(x)))
    }

    /// `x ln(x / 2)`, 0 at 0. For `x = 2c` exactly twice `c ln c`, so equal counts differ by 0.
    #[inline]
    pub(crate) fn x_ln_half_x(&self, x: u32) -> f64 {
        self.x_ln_half_x.get(x as usize).copied().unwrap_or_else(|| x_ln_half_x(f64::from(x)))
    }
}

fn x_ln_x(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * x.ln() }
}

fn x_ln_half_x(x: f64) -> f64 {
    2.0 * x_ln_x(x / 2.0)
}
