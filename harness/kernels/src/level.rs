//! Which vectors this CPU has.

use std::sync::OnceLock;

/// Forms of the kernels, all of the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 512-bit vectors.
    Avx512,
    /// 256-bit vectors.
    Avx2,
    /// What every machine has.
    Portable,
}

thread_local! {
    static FORCED: std::cell::Cell<Option<Level>> = const { std::cell::Cell::new(None) };
}

/// Calls a function with another form than the machine's best on this thread, for tests.
pub fn with_level<T>(level: Level, act: impl FnOnce() -> T) -> T {
    let before = FORCED.replace(Some(level));
    let result = act();
    FORCED.set(before);
    result
}

impl Level {
    /// The best that this CPU has.
    pub fn detected() -> Self {
        static DETECTED: OnceLock<Level> = OnceLock::new();
        *DETECTED.get_or_init(|| {
            #[cfg(target_arch = "x86_64")]
            {
                let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
                if avx2 && is_x86_feature_detected!("avx512f") {
                    return Self::Avx512;
                }
                if avx2 {
                    return Self::Avx2;
                }
            }
            Self::Portable
        })
    }

    /// What this thread is to use; never more than the CPU has.
    pub(crate) fn current() -> Self {
        let detected = Self::detected();
        match (FORCED.get(), detected) {
            (Some(Self::Portable), _) => Self::Portable,
            (Some(Self::Avx2), Self::Avx512) => Self::Avx2,
            _ => detected,
        }
    }
}

/// Runs code compiled for the vectors that the CPU has; the code is the same for all.
macro_rules! dispatched {
    ($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        #[allow(unsafe_code)] // calls what is compiled for vectors that are there
        fn $name($($arg: $ty),*) {
            #[inline(always)]
            fn plain($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx2,fma")]
                fn avx512($($arg: $ty),*) { plain($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $ty),*) { plain($($arg),*) }
                match crate::level::Level::current() {
                    // SAFETY: the level is never above what the CPU was found to have.
                    crate::level::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    crate::level::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    crate::level::Level::Portable => {}
                }
            }
            plain($($arg),*)
        }
    };
}
pub(crate) use dispatched;
