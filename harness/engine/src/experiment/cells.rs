//! Rows of a table file as texts, whether it is CSV or Parquet.

use crate::fault::{Fault, Result};
use arrow_array::{Array, ArrayRef, cast::AsArray, types};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::{fs::File, path::Path, sync::Arc};

/// A table with more columns, or a longer cell, is no table of answers.
const COLUMNS_MAX: usize = 10_000;
const CELL_BYTES_MAX: usize = 1 << 16;

/// Calls `row(line, cells)` for each row of the table; `line` is the place shown in faults.
///
/// # Errors
/// When the file cannot be read, or `row` fails.
pub(crate) fn each_row(
    path: &Path,
    mut row: impl FnMut(&Header, usize, &[&str]) -> Result<()>,
) -> Result<Header> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("parquet") => each_parquet_row(path, &mut row),
        Some("csv") => each_csv_row(path, &mut row),
        _ => Err(Fault::usage(path.display(), "the table is neither .csv nor .parquet")),
    }
}

/// Names of the columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    /// Names in order.
    pub(crate) names: Vec<String>,
}

impl Header {
    /// Position of a column.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    fn check(self, path: &Path) -> Result<Self> {
        if self.names.len() > COLUMNS_MAX {
            let message = format!("{} columns, at most {COLUMNS_MAX}", self.names.len());
            return Err(Fault::usage(path.display(), message));
        }
        let mut sorted: Vec<_> = self.names.iter().collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                let message = format!("column `{}` stands twice", pair[0].escape_debug());
                Err(Fault::usage(path.display(), message))
            }
            None => Ok(self),
        }
    }
}

type RowFn<'a> = dyn FnMut(&Header, usize, &[&str]) -> Result<()> + 'a;

/// A table that is opened.
fn opened(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| {
        Fault::usage(path.display(), e).hint("name a table that is there, CSV or Parquet")
    })
}

fn each_csv_row(path: &Path, row: &mut RowFn) -> Result<Header> {
    let fault = |e: csv::Error| {
        let line = e.position().map_or(String::new(), |p| format!(":{}", p.line()));
        Fault::usage(format!("{}{line}", path.display()), csv_message(&e))
    };
    let file = opened(path)?;
    let mut reader = csv::ReaderBuilder::new().from_reader(file);
    let names = reader.headers().map_err(fault)?.iter().map(str::to_owned).collect();
    let header = Header { names }.check(path)?;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(fault)? {
        let line = record.position().map_or(0, |p| p.line() as usize);
        let cells: Vec<&str> = record.iter().collect();
        if cells.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
            let message = format!("a cell has more than {CELL_BYTES_MAX} bytes");
            return Err(Fault::usage(format!("{}:{line}", path.display()), message));
        }
        row(&header, line, &cells)?;
    }
    Ok(header)
}

fn csv_message(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

fn each_parquet_row(path: &Path, row: &mut RowFn) -> Result<Header> {
    let fault = |e: &dyn std::fmt::Display| Fault::usage(path.display(), e);
    let file = opened(path)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| fault(&e))?;
    let names = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let header = Header { names }.check(path)?;
    let mut line = 0;
    for batch in builder.build().map_err(|e| fault(&e))? {
        let batch = batch.map_err(|e| fault(&e))?;
        let columns: Vec<ArrayRef> = batch.columns().iter().map(plain).collect();
        for i in 0..batch.num_rows() {
            line += 1;
            let cells = cells_of(&header, &columns, i).map_err(|message| {
                Fault::usage(format!("{} row {line}", path.display()), message)
            })?;
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            row(&header, line, &cells)?;
        }
    }
    Ok(header)
}

/// A dictionary column as the texts or numbers that it stands for.
fn plain(column: &ArrayRef) -> ArrayRef {
    let plain = column.as_any_dictionary_opt().and_then(|dictionary| {
        arrow_select::take::take(dictionary.values(), dictionary.keys(), None).ok()
    });
    plain.unwrap_or_else(|| Arc::clone(column))
}

fn cells_of(
    header: &Header,
    columns: &[ArrayRef],
    row: usize,
) -> std::result::Result<Vec<String>, String> {
    let cells = columns.iter().zip(&header.names);
    cells
        .map(|(column, name)| {
            cell_text(column.as_ref(), row).ok_or_else(|| {
                let name = name.escape_debug();
                format!("column `{name}` has the type {}, which is not read", column.data_type())
            })
        })
        .collect()
}

/// A cell as text; a null is the empty text. `None` for types that no table of ours holds.
fn cell_text(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return Some(String::new());
    }
    Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        DataType::Boolean => u8::from(column.as_boolean().value(row)).to_string(),
        DataType::Int8 => column.as_primitive::<types::Int8Type>().value(row).to_string(),
        DataType::Int16 => column.as_primitive::<types::Int16Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<types::Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<types::Int64Type>().value(row).to_string(),
        DataType::UInt8 => column.as_primitive::<types::UInt8Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<types::UInt16Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<types::UInt32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<types::UInt64Type>().value(row).to_string(),
        DataType::Float32 => column.as_primitive::<types::Float32Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<types::Float64Type>().value(row).to_string(),
        _ => return None,
    })
}
