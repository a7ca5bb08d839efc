use crate::abi;

/// Version of this SDK.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Architecture the SDK is compiled for.
pub const TARGET_ARCH: &str = std::env::consts::ARCH;
/// Compiler version, set by the build script.
pub const TARGET_RUSTC: &str = env!("PILOTBENCH_RUSTC");

/// The probe's flags. The arguments are evaluated in the plugin's own crate, by the macro.
pub const fn flags(panic_abort: bool, debug_assertions: bool) -> u32 {
    (if panic_abort { abi::FLAG_PANIC_ABORT } else { 0 })
        | (if debug_assertions { abi::FLAG_DEBUG_ASSERTIONS } else { 0 })
}

/// Exports backends and metrics as a plugin. Once per `cdylib`.
///
/// `needs` may follow: what the plugin needs from the world outside its worker, which otherwise has
/// no network, no other programs, no environment, and reads only the system's libraries and what
/// the settings name: `"network"`, `"programs"`, `"env:NAME"`, `"env:{setting}"` (the variable
/// that this setting names), `"read:PATH"`, `"write:PATH"`.
///
/// ```standalone_crate
/// use pilotbench_plugin_sdk::prelude::*;
///
/// /// Counts the people who are compared.
/// struct People;
///
/// impl Metric for People {
///     const NAME: &'static str = "people";
///     type Config = NoConfig;
///     fn describe() -> MetricInfo {
///         let score = ScoreInfo::new("people", Heading::Marginal, Better::Describes, "held-out people");
///         MetricInfo { summary: "counts people".into(), scores: vec![score] }
///     }
///     fn open(_: NoConfig) -> Result<Self> {
///         Ok(Self)
///     }
///     fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
///         let (humans, simulated) = (input.human.len(), input.simulated.len());
///         table.score("people").people(humans, simulated).value(humans as f64);
///         Ok(())
///     }
/// }
///
/// export_plugin! { name: "people", backends: [], metrics: [People] }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_plugin {
    (
        name: $name:literal,
        backends: [$($backend:ty),* $(,)?],
        metrics: [$($metric:ty),* $(,)?]
        $(, needs: [$($need:literal),* $(,)?])?
        $(,)?
    ) => {
        #[doc(hidden)]
        #[allow(unsafe_code, missing_docs)]
        pub mod __pilotbench_plugin {
            use super::*;
            use $crate::{abi, abi::abi_stable, glue};

            const PROVIDES: [&str; {
                0 $(+ glue::pieces::<$backend>())*
                  $(+ glue::pieces::<$metric>())*
            }] = [
                $("backend:", <$backend as $crate::Backend>::NAME, " ",)*
                $("metric:", <$metric as $crate::Metric>::NAME, " ",)*
            ];

            const BACKENDS: &[glue::BackendEntry] =
                &[$(glue::BackendEntry::of::<$backend>()),*];
            const METRICS: &[glue::MetricEntry] = &[$(glue::MetricEntry::of::<$metric>()),*];

            #[unsafe(no_mangle)]
            pub static pilotbench_plugin_probe: abi::Probe = abi::Probe {
                magic: abi::PROBE_MAGIC,
                size: abi::PROBE_SIZE as u32,
                probe_version: 1,
                flags: glue::flags(cfg!(panic = "abort"), cfg!(debug_assertions)),
                reserved: 0,
                name: abi::text($name),
                version: abi::text(env!("CARGO_PKG_VERSION")),
                arch: abi::text(glue::TARGET_ARCH),
                rustc: abi::text(glue::TARGET_RUSTC),
                sdk: abi::text(glue::SDK_VERSION),
                abi_stable: abi::text("0.11.3"),
                interfaces: abi::text("backend/1 metric/1"),
                provides: abi::texts(&PROVIDES),
            };

            #[unsafe(no_mangle)]
            pub static pilotbench_plugin_needs: [u8; abi::NEEDS_SIZE] =
                abi::texts(&[$($($need, "\n",)*)?]);

            extern "C" fn describe_backends() -> abi::Res<abi_stable::std_types::RString> {
                glue::describe_backends(BACKENDS)
            }

            extern "C" fn open_backend(
                name: abi_stable::std_types::RStr<'_>,
                config: abi_stable::std_types::RStr<'_>,
                _control: abi::Control,
            ) -> abi::Res<abi::backend::BackendObject> {
                glue::open_backend(BACKENDS, name.as_str(), config.as_str())
            }

            extern "C" fn describe_metrics() -> abi::Res<abi_stable::std_types::RString> {
                glue::describe_metrics(METRICS)
            }

            extern "C" fn open_metric(
                name: abi_stable::std_types::RStr<'_>,
                config: abi_stable::std_types::RStr<'_>,
                _control: abi::Control,
            ) -> abi::Res<abi::metric::MetricObject> {
                glue::open_metric(METRICS, name.as_str(), config.as_str())
            }

            fn backend_module() -> abi::backend::BackendModuleRef {
                use abi_stable::prefix_type::PrefixTypeTrait;
                abi::backend::BackendModule { describe: describe_backends, open: open_backend }
                    .leak_into_prefix()
            }

            fn metric_module() -> abi::metric::MetricModuleRef {
                use abi_stable::prefix_type::PrefixTypeTrait;
                abi::metric::MetricModule { describe: describe_metrics, open: open_metric }
                    .leak_into_prefix()
            }

            extern "C" fn load_backend_module() -> abi_stable::library::RootModuleResult {
                abi_stable::library::__call_root_module_loader(backend_module)
            }

            extern "C" fn load_metric_module() -> abi_stable::library::RootModuleResult {
                abi_stable::library::__call_root_module_loader(metric_module)
            }

            // SAFETY: the constructor returns exactly the module type named here.
            #[unsafe(no_mangle)]
            pub static pilotbench_backend_v1: abi_stable::library::LibHeader = unsafe {
                abi_stable::library::LibHeader::from_constructor::<abi::backend::BackendModuleRef>(
                    load_backend_module,
                    abi_stable::library::CheckTypeLayout::Yes,
                )
            };

            // SAFETY: as above.
            #[unsafe(no_mangle)]
            pub static pilotbench_metric_v1: abi_stable::library::LibHeader = unsafe {
                abi_stable::library::LibHeader::from_constructor::<abi::metric::MetricModuleRef>(
                    load_metric_module,
                    abi_stable::library::CheckTypeLayout::Yes,
                )
            };
        }
    };
}

/// Texts that an entry takes in the probe: kind, name, space.
pub const fn pieces<T>() -> usize {
    3
}
