use serde::{Serialize, Serializer, ser::SerializeMap};

/// Something said, or why it cannot be.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<T> {
    /// What is said.
    Value(T),
    /// Why nothing can be.
    Undefined(&'static str),
}

impl<T> Verdict<T> {
    /// What is said, if anything.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Undefined(_) => None,
        }
    }

    /// Why nothing is said, if so.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Value(_) => None,
            Self::Undefined(reason) => Some(reason),
        }
    }
}

impl<T> From<Result<T, &'static str>> for Verdict<T> {
    fn from(result: Result<T, &'static str>) -> Self {
        result.map_or_else(Self::Undefined, Self::Value)
    }
}

/// The value, or `{"undefined": reason}`.
impl<T: Serialize> Serialize for Verdict<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Undefined(reason) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("undefined", reason)?;
                map.end()
            }
        }
    }
}
