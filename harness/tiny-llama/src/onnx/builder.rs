//! A graph that grows node by node.

use super::proto::{
    Attribute, Dim, Graph, Model, Node, Opset, Shape, Tensor, TensorType, Type, Value,
};

/// Numbers of element types in ONNX.
pub(super) const FLOAT: i32 = 1;
pub(super) const INT64: i32 = 7;
pub(super) const INT32: i32 = 6;
pub(super) const BOOL: i64 = 9;
pub(super) const HALF: i32 = 10;

#[derive(Default)]
pub(super) struct Builder {
    graph: Graph,
}

/// A dimension: a number, or a name.
pub(super) enum Size {
    Of(usize),
    Any(&'static str),
}

impl Builder {
    pub(super) fn input(&mut self, name: &str, kind: i32, shape: &[Size]) {
        self.graph.inputs.push(value(name, kind, shape));
    }

    pub(super) fn output(&mut self, name: &str, kind: i32, shape: &[Size]) {
        self.graph.outputs.push(value(name, kind, shape));
    }

    /// Adds a node with one output, whose name is given back.
    pub(super) fn op(
        &mut self,
        kind: &str,
        inputs: &[&str],
        attributes: &[(&str, &[i64])],
    ) -> String {
        let name = format!("{}_{}", kind.to_lowercase(), self.graph.nodes.len());
        self.named(kind, inputs, &[&name], attributes);
        name
    }

    /// Adds a node with outputs of these names. An attribute of one number is a number.
    pub(super) fn named(
        &mut self,
        kind: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, &[i64])],
    ) {
        let attribute = |(name, values): &(&str, &[i64])| match values {
            [int] => Attribute { name: (*name).into(), int: *int, ints: Vec::new(), kind: 2 },
            ints => Attribute { name: (*name).into(), int: 0, ints: ints.to_vec(), kind: 7 },
        };
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.graph.nodes.push(Node {
            inputs: owned(inputs),
            outputs: owned(outputs),
            kind: kind.into(),
            attributes: attributes.iter().map(attribute).collect(),
        });
    }

    /// Splits along an axis into two parts.
    pub(super) fn split(&mut self, x: &str, axis: i64, sizes: [usize; 2]) -> [String; 2] {
        let sizes = self.ints(&sizes.map(|size| size as i64));
        let at = self.graph.nodes.len();
        let parts = [0, 1].map(|part| format!("split_{at}_{part}"));
        self.named("Split", &[x, &sizes], &[&parts[0], &parts[1]], &[("axis", &[axis])]);
        parts
    }

    pub(super) fn weight(&mut self, shape: &[usize], values: &[f32]) -> String {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(shape, FLOAT, raw)
    }

    pub(super) fn scalar(&mut self, value: f32) -> String {
        self.weight(&[], &[value])
    }

    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(&[values.len()], INT64, raw)
    }

    pub(super) fn whole(&mut self, value: i64) -> String {
        self.tensor(&[], INT64, value.to_le_bytes().to_vec())
    }

    /// An input that is 0 unless given.
    pub(super) fn optional(&mut self, name: &str, shape: &[usize]) {
        let sizes: Vec<Size> = shape.iter().map(|size| Size::Of(*size)).collect();
        self.input(name, FLOAT, &sizes);
        self.weight(shape, &vec![0.0; shape.iter().product()]);
        if let Some(tensor) = self.graph.weights.last_mut() {
            tensor.name = name.to_owned();
        }
    }

    fn tensor(&mut self, shape: &[usize], kind: i32, raw: Vec<u8>) -> String {
        let name = format!("tensor_{}", self.graph.weights.len());
        let dims = shape.iter().map(|size| *size as i64).collect();
        let tensor = Tensor { dims, kind, name: name.clone(), raw, external: Vec::new(), place: 0 };
        self.graph.weights.push(tensor);
        name
    }

    pub(super) fn model(mut self, opset: i64) -> Model {
        self.graph.name = "tiny".into();
        Model {
            ir_version: 9,
            producer: "tiny-llama".into(),
            graph: Some(self.graph),
            opsets: vec![Opset { domain: String::new(), version: opset }],
            facts: Vec::new(),
        }
    }
}

fn value(name: &str, kind: i32, shape: &[Size]) -> Value {
    let dims = shape.iter().map(|size| match size {
        Size::Of(value) => Dim { value: Some(*value as i64), name: None },
        Size::Any(name) => Dim { value: None, name: Some((*name).to_owned()) },
    });
    let shape = Some(Shape { dims: dims.collect() });
    let tensor = Some(TensorType { kind, shape });
    Value { name: name.into(), kind: Some(Type { tensor }) }
}
