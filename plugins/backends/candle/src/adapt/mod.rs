//! Ways of learning from the pilot.

pub(crate) mod head;
pub(crate) mod lora;
