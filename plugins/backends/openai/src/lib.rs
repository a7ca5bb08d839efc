//! Language models behind any OpenAI-compatible service: as well answered as the service allows, at
//! no more than may be spent, whatever networks do.
//!
//! The way of one answer: [`asking`] writes the request's chat as one or several requests;
//! [`client`] finds each among the kept answers, or waits for its turn, the limits per minute and the
//! money, and makes attempts; [`wire`] reads replies, strictly; [`asking`] makes an answer of them.
//! [`probe`] finds out what a service can do, [`learn`] has models trained and batches answered,
//! [`service`] and [`conditions`] say where, with which key, at which price and under which cap.

mod asking;
mod client;
mod conditions;
mod engine;
mod learn;
#[doc(hidden)]
pub mod measure;
mod openai;
mod probe;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod wire;

pub use openai::{Adapted, OpenAi};
pub use settings::{Endpoint, Settings, Wanted};

use pilotbench_plugin_sdk::export_plugin;

export_plugin! {
    name: "openai",
    backends: [OpenAi],
    metrics: [],
    needs: [
        "network",
        "env:HOME",
        "env:XDG_DATA_HOME",
        "env:PILOTBENCH_BUDGET",
        "env:PILOTBENCH_LEDGER",
        "env:PILOTBENCH_REPLAY",
        "env:PILOTBENCH_ESTIMATE",
        "env:PILOTBENCH_NO_CACHE",
        "env:PILOTBENCH_SERVICES",
        "env:PILOTBENCH_PRICES",
        "env:{key_env}",
        "env:OPENAI_API_KEY",
        "env:OPENROUTER_API_KEY",
        "env:MISTRAL_API_KEY",
        "env:DEEPSEEK_API_KEY",
        "env:GROQ_API_KEY",
        "env:TOGETHER_API_KEY",
        "env:FIREWORKS_API_KEY",
        "env:XAI_API_KEY",
        "env:GEMINI_API_KEY",
        "env:HTTPS_PROXY",
        "env:HTTP_PROXY",
        "env:NO_PROXY",
        "env:https_proxy",
        "env:http_proxy",
        "env:no_proxy",
        "env:SSL_CERT_FILE",
        "read:$SSL_CERT_FILE",
        "read:$PILOTBENCH_SERVICES",
        "read:$PILOTBENCH_PRICES",
        "write:$PILOTBENCH_LEDGER",
        "write:~/.local/share/pilotbench/openai",
    ],
}
