//! Services to test HTTP clients against: one that plays a script, one that is the double of an
//! OpenAI-compatible service, and a refusal to connect.

mod connection;
mod double;
mod reading;
mod refused;
mod request;
mod scripted;
mod step;
mod stop;
#[cfg(test)]
mod tests;

pub use double::{BatchEnd, Double, File, JobEnd, Logprobs, Manner, Route, Schemas, State};
pub use refused::refused_url;
pub use request::Request;
pub use scripted::Scripted;
pub use step::{Step, chunked, endless, json, reply, sse, wrong_length};
