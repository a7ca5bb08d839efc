//! Chance without chance: numbers from words.

/// FNV-1a of texts and the borders between them, stirred so that all bits depend on all.
pub(super) fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

/// A number from 0 to below 1.
pub(super) fn unit(texts: &[&str]) -> f64 {
    (hash(texts) >> 11) as f64 / (1_u64 << 53) as f64
}
