//! How a method learns from the pilot, as run files and plans write it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a method learns from the pilot: a name, with settings where it takes some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Adapter {
    /// `none`, one of the host's, or one that the backend offers.
    pub name: String,
    /// Its settings.
    pub settings: Map<String, Value>,
}

/// The name alone, or an object with the name and the settings.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "an adapter: a name, or { name = \"…\", settings }")]
enum Written {
    Name(String),
    Whole(Map<String, Value>),
}

impl Adapter {
    /// The backend answers as it is, or learns in its own way from the pilot that it is given.
    pub fn is_none(&self) -> bool {
        self.name == "none"
    }
}

impl Default for Adapter {
    fn default() -> Self {
        Self { name: "none".to_owned(), settings: Map::new() }
    }
}

impl TryFrom<Written> for Adapter {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let adapter = match written {
            Written::Name(name) => Self { name, settings: Map::new() },
            Written::Whole(mut settings) => match settings.remove("name") {
                Some(Value::String(name)) => Self { name, settings },
                _ => return Err("an adapter with settings needs a `name`".to_owned()),
            },
        };
        match adapter.is_none() && !adapter.settings.is_empty() {
            true => Err("the adapter `none` takes no settings".to_owned()),
            false => Ok(adapter),
        }
    }
}

impl From<Adapter> for Written {
    fn from(Adapter { name, mut settings }: Adapter) -> Self {
        if settings.is_empty() {
            return Self::Name(name);
        }
        settings.insert("name".to_owned(), Value::String(name));
        Self::Whole(settings)
    }
}
