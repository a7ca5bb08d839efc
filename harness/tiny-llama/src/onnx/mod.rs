//! The same tiny models as ONNX graphs, in the forms that exporters give them.

mod builder;
mod proto;

use crate::{CONTEXT, Family, Sizes, tokenizer, weights};
use builder::{BOOL, Builder, FLOAT, HALF, INT32, INT64, Size};
use prost::Message;
use proto::{Entry, Model};
use std::{collections::BTreeMap, fs, io, path::Path};

/// How a graph is written. The default is what Optimum's exports have; our own have `picks` too.
#[derive(Debug, Clone, Copy)]
pub struct OnnxForm {
    /// Keys and values go in and come out.
    pub cache: bool,
    /// Takes `attention_mask`.
    pub mask: bool,
    /// Takes `position_ids`; else it counts from the length of the past.
    pub positions: bool,
    /// Takes `logit_positions` and `logit_tokens`.
    pub picks: bool,
    /// Takes whole numbers of 32 bits.
    pub narrow: bool,
    /// Keys, values and logits of 16 bits.
    pub half: bool,
    /// Names as some older exports have them.
    pub other_names: bool,
    /// Activations quantised with one scale for a whole call.
    pub dynamic: bool,
    /// Takes `lora_a` and `lora_b`, which are 0 unless given.
    pub lora: bool,
    /// Weights in a file beside the graph.
    pub external: bool,
    /// An input that nobody knows.
    pub strange: bool,
    /// Version of the operators.
    pub opset: i64,
}

impl Default for OnnxForm {
    fn default() -> Self {
        Self {
            cache: true,
            mask: true,
            positions: true,
            picks: false,
            narrow: false,
            half: false,
            other_names: false,
            dynamic: false,
            lora: false,
            external: false,
            strange: false,
            opset: 18,
        }
    }
}

/// Writes a model as `model.onnx` with its words beside it.
///
/// # Errors
/// When it cannot be written.
pub fn write_onnx(folder: &Path, family: Family, form: OnnxForm) -> io::Result<()> {
    crate::write(folder, family)?;
    fs::remove_file(folder.join("model.safetensors"))?;
    let model = decoder(family, form);
    write(folder, model, form.external)
}

/// Writes a classifier: the mean of the tokens' embeddings, and outputs with a row for each class.
///
/// # Errors
/// When it cannot be written.
pub fn write_onnx_classifier(folder: &Path, outputs: &[(&str, usize)]) -> io::Result<()> {
    crate::write(folder, Family::Llama)?;
    fs::remove_file(folder.join("model.safetensors"))?;
    let mut g = Builder::default();
    let hidden = Family::Llama.sizes().hidden;
    let tensors = weights::tensors(Family::Llama);
    let embedding = &tensors[0];
    let table = g.weight(&embedding.shape, &embedding.values);
    for name in ["input_ids", "attention_mask", "token_type_ids"] {
        g.input(name, INT64, &[Size::Any("batch"), Size::Any("tokens")]);
    }
    let ids = g.op("Add", &["input_ids", "token_type_ids"], &[]);
    let ids = g.op("Mul", &[&ids, "attention_mask"], &[]);
    let x = g.op("Gather", &[&table, &ids], &[]);
    let one = g.ints(&[1]);
    let x = g.op("ReduceMean", &[&x, &one], &[("keepdims", &[0])]);
    for (name, classes) in outputs {
        let head = g.weight(&[hidden, *classes], &embedding.values[..hidden * classes]);
        g.named("MatMul", &[&x, &head], &[name], &[]);
        g.output(name, FLOAT, &[Size::Any("batch"), Size::Of(*classes)]);
    }
    write(folder, g.model(18), false)
}

fn write(folder: &Path, mut model: Model, external: bool) -> io::Result<()> {
    if external {
        let mut data = Vec::new();
        let graph = model.graph.as_mut().into_iter();
        for tensor in graph.flat_map(|graph| &mut graph.weights).filter(|t| t.raw.len() > 64) {
            let entry = |key: &str, value: String| Entry { key: key.into(), value };
            tensor.external = vec![
                entry("location", "model.onnx.data".into()),
                entry("offset", data.len().to_string()),
                entry("length", tensor.raw.len().to_string()),
            ];
            tensor.place = 1;
            data.append(&mut tensor.raw);
        }
        fs::write(folder.join("model.onnx.data"), data)?;
    }
    fs::write(folder.join("model.onnx"), model.encode_to_vec())
}

/// What is needed while a decoder is written.
struct Writer {
    g: Builder,
    form: OnnxForm,
    sizes: Sizes,
    tensors: BTreeMap<String, weights::Tensor>,
    /// Activations that were quantised.
    roundings: usize,
}

fn decoder(family: Family, form: OnnxForm) -> Model {
    let tensors = weights::tensors(family);
    let tensors = tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    let (g, sizes) = (Builder::default(), family.sizes());
    let mut writer = Writer { g, form, sizes, tensors, roundings: 0 };
    writer.inputs();
    let [positions, bias] = writer.places();
    let angles = writer.rotations(family, &positions);
    let embedding = writer.weight("model.embed_tokens.weight");
    let ids = writer.wide("input_ids");
    let mut x = writer.g.op("Gather", &[&embedding, &ids], &[]);
    for layer in 0..writer.sizes.layers {
        x = writer.attention(layer, &x, &angles, &bias);
        x = writer.feed_forward(layer, &x);
    }
    if form.lora {
        x = writer.adapted(&x);
    }
    let head = match family.ties() {
        true => embedding,
        false => writer.weight("lm_head.weight"),
    };
    writer.logits(&x, &head);
    let mut model = writer.g.model(form.opset);
    if form.picks {
        let fact = |key: &str, value: usize| Entry { key: key.into(), value: value.to_string() };
        model.facts = vec![fact("vocabulary", tokenizer::SIZE), fact("context", CONTEXT)];
    }
    model
}

impl Writer {
    fn inputs(&mut self) {
        let whole = if self.form.narrow { INT32 } else { INT64 };
        let number = if self.form.half { HALF } else { FLOAT };
        let (batch, tokens) = (|| Size::Any("batch"), || Size::Any("tokens"));
        self.g.input("input_ids", whole, &[batch(), tokens()]);
        if self.form.mask {
            self.g.input("attention_mask", whole, &[batch(), Size::Any("total")]);
        }
        if self.form.positions {
            self.g.input("position_ids", whole, &[batch(), tokens()]);
        }
        if self.form.picks {
            self.g.input("logit_positions", INT64, &[batch(), Size::Any("asked")]);
            self.g.input("logit_tokens", INT64, &[Size::Any("columns")]);
        }
        if self.form.strange {
            self.g.input("speaker", whole, &[batch()]);
        }
        let Sizes { layers, kv_heads, dim, .. } = self.sizes;
        for layer in (0..layers).filter(|_| self.form.cache) {
            for part in ["key", "value"] {
                let [past, present] = self.names(layer, part);
                let shape =
                    |length| [batch(), Size::Of(kv_heads), Size::Any(length), Size::Of(dim)];
                self.g.input(&past, number, &shape("past"));
                self.g.output(&present, number, &shape("total"));
            }
        }
    }

    fn names(&self, layer: usize, part: &str) -> [String; 2] {
        match self.form.other_names {
            false => [format!("past_key_values.{layer}.{part}"), format!("present.{layer}.{part}")],
            true => [format!("past_{part}_self_{layer}"), format!("present_{part}_self_{layer}")],
        }
    }

    fn weight(&mut self, name: &str) -> String {
        let tensor = &self.tensors[name];
        self.g.weight(&tensor.shape, &tensor.values)
    }

    /// A whole number of 64 bits.
    fn wide(&mut self, name: &str) -> String {
        match self.form.narrow {
            false => name.to_owned(),
            true => self.g.op("Cast", &[name], &[("to", &[i64::from(INT64)])]),
        }
    }

    /// Positions of the tokens, and -1e9 where a token may not look, `[1, 1, tokens, total]`.
    fn places(&mut self) -> [String; 2] {
        let tokens = self.g.op("Shape", &["input_ids"], &[("start", &[1]), ("end", &[2])]);
        let axis = self.g.ints(&[0]);
        let count = self.g.op("Squeeze", &[&tokens, &axis], &[]);
        let (zero, one) = (self.g.whole(0), self.g.whole(1));
        let before = match self.form.cache {
            false => zero.clone(),
            true => {
                let [past, _] = self.names(0, "key");
                let past = self.g.op("Shape", &[&past], &[("start", &[2]), ("end", &[3])]);
                self.g.op("Squeeze", &[&past, &axis], &[])
            }
        };
        let total = self.g.op("Add", &[&before, &count], &[]);
        let rows = self.g.op("Range", &[&before, &total, &one], &[]);
        let columns = self.g.op("Range", &[&zero, &total, &one], &[]);
        let last = self.g.ints(&[1]);
        let standing = self.g.op("Unsqueeze", &[&rows, &last], &[]);
        let mut seen = self.g.op("LessOrEqual", &[&columns, &standing], &[]);
        if self.form.mask {
            let real = self.g.op("Cast", &["attention_mask"], &[("to", &[BOOL])]);
            let axes = self.g.ints(&[1, 2]);
            let real = self.g.op("Unsqueeze", &[&real, &axes], &[]);
            seen = self.g.op("And", &[&seen, &real], &[]);
        }
        let (open, shut) = (self.g.scalar(0.0), self.g.scalar(-1e9));
        let bias = self.g.op("Where", &[&seen, &open, &shut], &[]);
        let positions = match self.form.positions {
            true => self.wide("position_ids"),
            false => self.g.op("Unsqueeze", &[&rows, &axis], &[]),
        };
        [positions, bias]
    }

    /// Cosines and sines, `[batch, tokens, 1, dim]`.
    fn rotations(&mut self, family: Family, positions: &str) -> [String; 2] {
        let dim = self.sizes.dim;
        let frequencies = crate::frequencies(family);
        [f64::cos, f64::sin].map(|of| {
            let row = |position: usize| {
                let angle = |i: usize| position as f64 * f64::from(frequencies[i % (dim / 2)]);
                (0..dim).map(move |i| of(angle(i)) as f32).collect::<Vec<_>>()
            };
            let table: Vec<f32> = (0..CONTEXT).flat_map(row).collect();
            let table = self.g.weight(&[CONTEXT, dim], &table);
            let rows = self.g.op("Gather", &[&table, positions], &[]);
            let axis = self.g.ints(&[2]);
            self.g.op("Unsqueeze", &[&rows, &axis], &[])
        })
    }

    fn norm(&mut self, x: &str, weight: &str) -> String {
        let (two, eps, axis) = (self.g.scalar(2.0), self.g.scalar(1e-5), self.g.ints(&[-1]));
        let square = self.g.op("Pow", &[x, &two], &[]);
        let mean = self.g.op("ReduceMean", &[&square, &axis], &[("keepdims", &[1])]);
        let sum = self.g.op("Add", &[&mean, &eps], &[]);
        let root = self.g.op("Sqrt", &[&sum], &[]);
        let normed = self.g.op("Div", &[x, &root], &[]);
        let weight = self.weight(weight);
        self.g.op("Mul", &[&normed, &weight], &[])
    }

    /// A linear map by its Hugging Face name.
    fn linear(&mut self, x: &str, name: &str) -> String {
        let tensor = &self.tensors[&format!("{name}.weight")];
        let (outputs, inputs) = (tensor.shape[0], tensor.shape[1]);
        let turned: Vec<f32> = (0..inputs)
            .flat_map(|i| (0..outputs).map(move |o| tensor.values[o * inputs + i]))
            .collect();
        let weight = self.g.weight(&[inputs, outputs], &turned);
        let x = if self.form.dynamic { self.rounded(x) } else { x.to_owned() };
        let y = self.g.op("MatMul", &[&x, &weight], &[]);
        let bias = format!("{name}.bias");
        match self.tensors.contains_key(&bias) {
            false => y,
            true => {
                let bias = self.weight(&bias);
                self.g.op("Add", &[&y, &bias], &[])
            }
        }
    }

    /// Activations with one scale for all.
    fn rounded(&mut self, x: &str) -> String {
        self.roundings += 1;
        let names = ["", "_scale", "_zero"].map(|end| format!("{x}_{}{end}", self.roundings));
        let outputs: Vec<&str> = names.iter().map(String::as_str).collect();
        self.g.named("DynamicQuantizeLinear", &[x], &outputs, &[]);
        self.g.op("DequantizeLinear", &outputs, &[])
    }

    fn attention(&mut self, layer: usize, x: &str, angles: &[String; 2], bias: &str) -> String {
        let Sizes { heads, kv_heads, dim, .. } = self.sizes;
        let at = format!("model.layers.{layer}");
        let normed = self.norm(x, &format!("{at}.input_layernorm.weight"));
        let mut parts = Vec::new();
        for (part, count) in [("q", heads), ("k", kv_heads), ("v", kv_heads)] {
            let rows = self.linear(&normed, &format!("{at}.self_attn.{part}_proj"));
            let shape = self.g.ints(&[0, 0, count as i64, dim as i64]);
            let mut rows = self.g.op("Reshape", &[&rows, &shape], &[]);
            let norm = format!("{at}.self_attn.{part}_norm.weight");
            if self.tensors.contains_key(&norm) {
                rows = self.norm(&rows, &norm);
            }
            if part != "v" {
                rows = self.turned(&rows, angles);
            }
            parts.push(self.g.op("Transpose", &[&rows], &[("perm", &[0, 2, 1, 3])]));
        }
        let keys = self.continued(layer, "key", &parts[1]);
        let values = self.continued(layer, "value", &parts[2]);
        let keys = self.repeated(&keys);
        let values = self.repeated(&values);
        let keys = self.g.op("Transpose", &[&keys], &[("perm", &[0, 1, 3, 2])]);
        let scores = self.g.op("MatMul", &[&parts[0], &keys], &[]);
        let scale = self.g.scalar((dim as f32).sqrt().recip());
        let scores = self.g.op("Mul", &[&scores, &scale], &[]);
        let scores = self.g.op("Add", &[&scores, bias], &[]);
        let shares = self.g.op("Softmax", &[&scores], &[("axis", &[-1])]);
        let mixed = self.g.op("MatMul", &[&shares, &values], &[]);
        let mixed = self.g.op("Transpose", &[&mixed], &[("perm", &[0, 2, 1, 3])]);
        let shape = self.g.ints(&[0, 0, (heads * dim) as i64]);
        let mixed = self.g.op("Reshape", &[&mixed, &shape], &[]);
        let out = self.linear(&mixed, &format!("{at}.self_attn.o_proj"));
        self.g.op("Add", &[x, &out], &[])
    }

    fn turned(&mut self, x: &str, [cos, sin]: &[String; 2]) -> String {
        let half = self.sizes.dim / 2;
        let [low, high] = self.g.split(x, 3, [half, half]);
        let high = self.g.op("Neg", &[&high], &[]);
        let across = self.g.op("Concat", &[&high, &low], &[("axis", &[3])]);
        let straight = self.g.op("Mul", &[x, cos], &[]);
        let across = self.g.op("Mul", &[&across, sin], &[]);
        self.g.op("Add", &[&straight, &across], &[])
    }

    /// Keys or values of the past with the new ones behind.
    fn continued(&mut self, layer: usize, part: &str, new: &str) -> String {
        if !self.form.cache {
            return new.to_owned();
        }
        let [past, present] = self.names(layer, part);
        let joined = [("axis", &[2i64][..])];
        match self.form.half {
            false => {
                self.g.named("Concat", &[&past, new], &[&present], &joined);
                present
            }
            true => {
                let new = self.g.op("Cast", &[new], &[("to", &[i64::from(HALF)])]);
                self.g.named("Concat", &[&past, &new], &[&present], &joined);
                self.g.op("Cast", &[&present], &[("to", &[i64::from(FLOAT)])])
            }
        }
    }

    /// Keys or values for every query head.
    fn repeated(&mut self, x: &str) -> String {
        let Sizes { heads, kv_heads, dim, .. } = self.sizes;
        let group = heads / kv_heads;
        let axis = self.g.ints(&[2]);
        let x = self.g.op("Unsqueeze", &[x, &axis], &[]);
        let times = self.g.ints(&[1, 1, group as i64, 1, 1]);
        let x = self.g.op("Tile", &[&x, &times], &[]);
        let shape = self.g.ints(&[0, heads as i64, -1, dim as i64]);
        self.g.op("Reshape", &[&x, &shape], &[])
    }

    fn feed_forward(&mut self, layer: usize, x: &str) -> String {
        let at = format!("model.layers.{layer}");
        let normed = self.norm(x, &format!("{at}.post_attention_layernorm.weight"));
        let gate = self.linear(&normed, &format!("{at}.mlp.gate_proj"));
        let up = self.linear(&normed, &format!("{at}.mlp.up_proj"));
        let sigmoid = self.g.op("Sigmoid", &[&gate], &[]);
        let gate = self.g.op("Mul", &[&gate, &sigmoid], &[]);
        let rows = self.g.op("Mul", &[&gate, &up], &[]);
        let down = self.linear(&rows, &format!("{at}.mlp.down_proj"));
        self.g.op("Add", &[x, &down], &[])
    }

    /// What adapters of the runtime's own kind change: nothing, where there is none.
    fn adapted(&mut self, x: &str) -> String {
        const RANK: usize = 2;
        let hidden = self.sizes.hidden;
        self.g.optional("lora_a", &[hidden, RANK]);
        self.g.optional("lora_b", &[RANK, hidden]);
        let low = self.g.op("MatMul", &[x, "lora_a"], &[]);
        let change = self.g.op("MatMul", &[&low, "lora_b"], &[]);
        self.g.op("Add", &[x, &change], &[])
    }

    fn logits(&mut self, x: &str, head: &str) {
        let number = if self.form.half { HALF } else { FLOAT };
        let (mut x, mut head) = (x.to_owned(), head.to_owned());
        let mut shape = [Size::Any("batch"), Size::Any("tokens"), Size::Of(tokenizer::SIZE)];
        if self.form.picks {
            let axis = self.g.ints(&[2]);
            let asked = self.g.op("Unsqueeze", &["logit_positions", &axis], &[]);
            x = self.g.op("GatherND", &[&x, &asked], &[("batch_dims", &[1])]);
            head = self.g.op("Gather", &[&head, "logit_tokens"], &[]);
            shape = [Size::Any("batch"), Size::Any("asked"), Size::Any("columns")];
        }
        let x = self.norm(&x, "model.norm.weight");
        let head = self.g.op("Transpose", &[&head], &[("perm", &[1, 0])]);
        match self.form.half {
            false => self.g.named("MatMul", &[&x, &head], &["logits"], &[]),
            true => {
                let logits = self.g.op("MatMul", &[&x, &head], &[]);
                self.g.named("Cast", &[&logits], &["logits"], &[("to", &[i64::from(HALF)])]);
            }
        }
        self.g.output("logits", number, &shape);
    }
}
