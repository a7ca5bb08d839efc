//! What a graph's file says of itself before the runtime reads it: its operators, and the files
//! beside it that hold its weights.

use backend_language::Problem;
use prost::Message;
use std::path::{Component, Path, PathBuf};

/// Operators that take one scale for all numbers of a call: what else is in it changes answers.
const DYNAMIC: [&str; 5] = [
    "DynamicQuantizeLinear",
    "DynamicQuantizeMatMul",
    "DynamicQuantizeLSTM",
    "MatMulInteger",
    "MatMulIntegerToFloat",
];

/// The parts of ONNX's `ModelProto` that are read here; what is not named is skipped.
#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    opsets: Vec<OperatorSet>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSet {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    weights: Vec<TensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(string, tag = "4")]
    kind: String,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeProto {
    #[prost(message, optional, boxed, tag = "6")]
    graph: Option<Box<GraphProto>>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(string, tag = "8")]
    name: String,
    #[prost(message, repeated, tag = "13")]
    external: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// What is known of a graph's file.
pub(crate) struct File {
    /// The graph and the files with its weights, in order.
    pub(crate) files: Vec<PathBuf>,
    /// An operator that makes answers depend on what else is computed, if there is one.
    pub(crate) dynamic: Option<String>,
}

impl File {
    /// Reads a graph's file and looks for the others.
    ///
    /// # Errors
    /// When it is no ONNX file, or a file with weights is missing, cut, or not beside it.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let bytes = std::fs::read(path).map_err(|e| Problem::file(path, e))?;
        let none = |e: &dyn std::fmt::Display| {
            Problem::model(path, format!("is no ONNX file, or a damaged one: {e}"))
        };
        let model = ModelProto::decode(bytes.as_slice()).map_err(|e| none(&e))?;
        drop(bytes);
        let graph = model.graph.filter(|_| !model.opsets.is_empty());
        let graph = graph.ok_or_else(|| none(&"it has no graph"))?;
        let (mut files, mut dynamic) = (vec![path.to_owned()], None);
        look(&graph, path, &mut files, &mut dynamic)?;
        Ok(Self { files, dynamic })
    }
}

/// Looks through a graph and the graphs in its nodes.
fn look(
    graph: &GraphProto,
    path: &Path,
    files: &mut Vec<PathBuf>,
    dynamic: &mut Option<String>,
) -> Result<(), Problem> {
    for weight in graph.weights.iter().filter(|weight| !weight.external.is_empty()) {
        let file = external(weight, path)?;
        if !files.contains(&file) {
            files.push(file);
        }
    }
    for node in &graph.nodes {
        if dynamic.is_none() && DYNAMIC.contains(&node.kind.as_str()) {
            *dynamic = Some(node.kind.clone());
        }
        for inner in node.attributes.iter().filter_map(|attribute| attribute.graph.as_ref()) {
            look(inner, path, files, dynamic)?;
        }
    }
    Ok(())
}

/// The file that holds a weight, long enough for it.
fn external(weight: &TensorProto, path: &Path) -> Result<PathBuf, Problem> {
    let value = |key: &str| {
        let entry = weight.external.iter().find(|entry| entry.key == key);
        entry.map(|entry| entry.value.as_str())
    };
    let name = Path::new(value("location").unwrap_or_default());
    let is_inside = name.components().all(|part| matches!(part, Component::Normal(_)));
    if name.as_os_str().is_empty() || !is_inside {
        let message = format!("weights in {name:?}, which is not beside it");
        return Err(Problem::model(path, message));
    }
    let file = path.parent().unwrap_or(Path::new("")).join(name);
    let size = std::fs::metadata(&file).map_err(|e| {
        Problem::file(&file, format!("{e}; it holds weights of {}", path.display()))
    })?;
    let number = |key: &str| value(key).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let end = number("offset").saturating_add(number("length"));
    if end > size.len() {
        let message = format!(
            "weight `{}` ends at byte {end} of {}: the file is truncated",
            weight.name.escape_debug(),
            size.len()
        );
        return Err(Problem::model(&file, message));
    }
    Ok(file)
}
