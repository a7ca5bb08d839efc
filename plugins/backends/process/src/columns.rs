//! Columns of a program's table, whichever of several types its language made of them.

use pilotbench_plugin_sdk::{
    arrow_array::{
        Array, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int16Array,
        Int32Array, Int64Array, LargeListArray, LargeStringArray, ListArray, RecordBatch,
        StringArray, StringViewArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    },
    arrow_schema::DataType,
};

type Result<T> = std::result::Result<T, String>;

/// A column that can be read from several types.
pub(crate) trait Column: Sized {
    /// Types it is read from, for messages.
    const TYPES: &'static str;

    /// The column; `None` when its type is another.
    fn read(array: &dyn Array) -> Option<Self>;

    /// The column of this name. A missing one, and one of type null, is `None`.
    fn find(batch: &RecordBatch, name: &str) -> Result<Option<Self>> {
        let array = match batch.column_by_name(name) {
            None => return Ok(None),
            Some(array) if *array.data_type() == DataType::Null => return Ok(None),
            Some(array) => array,
        };
        let wrong = || {
            let found = crate::words::clean(&array.data_type().to_string(), 80);
            format!("column `{name}` has type {found}; it may be {}", Self::TYPES)
        };
        Self::read(array.as_ref()).map(Some).ok_or_else(wrong)
    }
}

/// Numbers, of which whole ones are expected.
pub(crate) enum Numbers {
    Whole(Vec<Option<i64>>),
    Fractional(Vec<Option<f64>>),
}

impl Numbers {
    /// The whole number of a row. Some languages know no other numbers than fractional ones.
    pub(crate) fn integer(&self, row: usize) -> Result<Option<i64>> {
        match self {
            Self::Whole(values) => Ok(values[row]),
            Self::Fractional(values) => match values[row] {
                None => Ok(None),
                Some(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => {
                    Ok(Some(value as i64))
                }
                Some(value) => Err(format!("{value} is no whole number")),
            },
        }
    }
}

impl Column for Numbers {
    const TYPES: &'static str = "an integer, a float or a boolean";

    fn read(array: &dyn Array) -> Option<Self> {
        macro_rules! whole {
            ($($kind:ty),*) => {$(
                if let Some(array) = array.as_any().downcast_ref::<$kind>() {
                    // Beyond the range of an id, a number is none of ours.
                    let value = |v| i64::try_from(v).unwrap_or(i64::MIN);
                    return Some(Self::Whole(array.iter().map(|v| v.map(value)).collect()));
                }
            )*};
        }
        whole!(
            Int64Array,
            Int32Array,
            Int16Array,
            Int8Array,
            UInt64Array,
            UInt32Array,
            UInt16Array,
            UInt8Array
        );
        if let Some(flags) = array.as_any().downcast_ref::<BooleanArray>() {
            return Some(Self::Whole(flags.iter().map(|v| v.map(i64::from)).collect()));
        }
        let optional = |(row, value)| (!array.is_null(row)).then_some(value);
        let values = floats(array)?.into_iter().enumerate().map(optional).collect();
        Some(Self::Fractional(values))
    }
}

/// The values of an array of floats; what stands at a null is arbitrary.
fn floats(array: &dyn Array) -> Option<Vec<f64>> {
    let any = array.as_any();
    if let Some(values) = any.downcast_ref::<Float64Array>() {
        return Some(values.values().to_vec());
    }
    let values = any.downcast_ref::<Float32Array>()?.values();
    Some(values.iter().copied().map(f64::from).collect())
}

/// Lists of numbers.
pub(crate) struct Lists {
    /// Where each row's values lie; `None` where the row is null.
    ranges: Vec<Option<std::ops::Range<usize>>>,
    values: Vec<f64>,
    /// Values that are null.
    missing: Vec<bool>,
}

impl Lists {
    /// The list of a row.
    pub(crate) fn get(&self, row: usize) -> Option<Result<Vec<f64>>> {
        let range = self.ranges[row].clone()?;
        Some(match self.missing[range.clone()].contains(&true) {
            true => Err("a value of the list is missing".to_owned()),
            false => Ok(self.values[range].to_vec()),
        })
    }
}

impl Column for Lists {
    const TYPES: &'static str = "a list, large list or fixed-size list of float64 or float32";

    fn read(array: &dyn Array) -> Option<Self> {
        let any = array.as_any();
        let pairs = |ends: Vec<usize>| ends.windows(2).map(|w| w[0]..w[1]).collect::<Vec<_>>();
        let (ranges, child) = if let Some(lists) = any.downcast_ref::<ListArray>() {
            (pairs(lists.value_offsets().iter().map(|o| *o as usize).collect()), lists.values())
        } else if let Some(lists) = any.downcast_ref::<LargeListArray>() {
            (pairs(lists.value_offsets().iter().map(|o| *o as usize).collect()), lists.values())
        } else {
            let lists = any.downcast_ref::<FixedSizeListArray>()?;
            let width = usize::try_from(lists.value_length()).ok()?;
            // The child of a slice is sliced with it.
            let range = |row| row * width..(row + 1) * width;
            ((0..lists.len()).map(range).collect(), lists.values())
        };
        let present = |(row, range)| (!array.is_null(row)).then_some(range);
        Some(Self {
            ranges: ranges.into_iter().enumerate().map(present).collect(),
            values: floats(child.as_ref())?,
            missing: (0..child.len()).map(|i| child.is_null(i)).collect(),
        })
    }
}

/// Texts.
pub(crate) struct Texts(Vec<Option<String>>);

impl Texts {
    /// The text of a row.
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        self.0[row].as_deref()
    }
}

impl Column for Texts {
    const TYPES: &'static str = "utf8, large utf8 or utf8 view";

    fn read(array: &dyn Array) -> Option<Self> {
        macro_rules! texts {
            ($($kind:ty),*) => {$(
                if let Some(array) = array.as_any().downcast_ref::<$kind>() {
                    return Some(Self(array.iter().map(|v| v.map(str::to_owned)).collect()));
                }
            )*};
        }
        texts!(StringArray, LargeStringArray, StringViewArray);
        None
    }
}
