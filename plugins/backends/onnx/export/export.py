"""A Llama-like model as an ONNX graph that the onnx backend answers with quickly.

    python3 export.py MODEL.gguf|FOLDER OUT [--precision f32|q8] [--adapter PEFT_FOLDER]

MODEL.gguf is one GGUF file; FOLDER has config.json, tokenizer.json and safetensors. Llama, SmolLM2,
Mistral without window, Qwen2 and Qwen3 are known. OUT gets model.onnx, model.onnx.data and the
model's words (tokenizer.json, tokenizer_config.json, config.json). Needs numpy and onnx, and gguf for
GGUF files: `pip install numpy onnx gguf`.

f32 keeps the weights as they are; q8 stores the matrices of the layers in blocks of 32 numbers of 8
bits with a scale each. --adapter adds a LoRA adapter as PEFT writes it to the weights first.

The graph takes what other exports of decoders take (input_ids, attention_mask, position_ids and
past_key_values.N.key|value; out come logits and present.N.key|value) and two things more:
logit_positions `[batch, asked]` are the positions whose logits are wanted, logit_tokens `[columns]`
the tokens, so that `logits` is `[batch, asked, columns]` and nothing else is computed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from graph import Graph
from source import Source
from words import write_words

BLOCK = 32  # numbers that share a scale in q8
DYNAMIC = """dynamic int8 quantisation is refused: one scale for all activations of a call moves option
distributions by 0.3 total variation (SmolLM2-135M), and what else is in a batch changes answers; use q8"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a GGUF file, or a folder with safetensors")
    parser.add_argument("out", type=Path, help="a folder")
    parser.add_argument("--precision", default="f32", help="f32 (default) or q8")
    parser.add_argument("--adapter", type=Path, help="a folder of PEFT's, added to the weights")
    chosen = parser.parse_args()
    if "dynamic" in chosen.precision or chosen.precision == "int8":
        sys.exit(DYNAMIC)
    if chosen.precision not in ("f32", "q8"):
        sys.exit(f"--precision {chosen.precision}: there are f32 and q8")
    source = Source.open(chosen.model)
    if chosen.adapter:
        source.add(chosen.adapter)
    chosen.out.mkdir(parents=True, exist_ok=True)
    graph = Graph(chosen.out / "model.onnx", source.config["context"])
    decoder(graph, source, chosen.precision)
    graph.write({
        "vocabulary": source.config["vocabulary"], "context": source.config["context"],
        "precision": chosen.precision, "exported_from": source.identity(),
    })
    write_words(source, chosen.out)
    size = sum(file.stat().st_size for file in chosen.out.glob("model.onnx*"))
    print(f"{chosen.out / 'model.onnx'}: {len(graph.nodes)} nodes, {size / 1e6:.0f} MB")


def decoder(g, source, precision):
    """The whole graph."""
    c = source.config
    heads, kv, dim, hidden = c["heads"], c["kv_heads"], c["dim"], c["hidden"]
    g.input("input_ids", "int64", ["batch", "tokens"])
    g.input("attention_mask", "int64", ["batch", "total"])
    g.input("position_ids", "int64", ["batch", "tokens"])
    for layer in range(c["layers"]):
        for kind in ("key", "value"):
            g.input(past(layer, kind), "float", ["batch", kv, "past", dim])
    g.input("logit_positions", "int64", ["batch", "asked"])
    g.input("logit_tokens", "int64", ["columns"])

    embedding = g.weight("embedding", source.tensor("model.embed_tokens.weight"))
    tied = not source.has("lm_head.weight")
    head = embedding if tied else g.weight("head", source.tensor("lm_head.weight"))
    cos, sin = rotations(g, c)
    bias = mask(g, heads // kv)
    matrix = quantised if precision == "q8" else plain

    x = g.op("Gather", embedding, "input_ids")
    for layer in range(c["layers"]):
        at = f"model.layers.{layer}."
        part = lambda name: source.tensor(f"{at}{name}.weight")  # noqa: E731
        normed = norm(g, x, part("input_layernorm"), c["eps"])
        joined = np.concatenate([part(f"self_attn.{name}_proj") for name in "qkv"])
        rows = matrix(g, normed, joined)
        if source.has(f"{at}self_attn.q_proj.bias"):
            biases = [source.tensor(f"{at}self_attn.{name}_proj.bias") for name in "qkv"]
            rows = g.op("Add", rows, g.weight("bias", np.concatenate(biases)))
        rows = g.op("Reshape", rows, g.ints([0, 0, heads + 2 * kv, dim]))
        qk, v = g.op("Split", rows, g.ints([heads + kv, kv]), outputs=2, axis=2)
        if source.has(f"{at}self_attn.q_norm.weight"):
            weights = [part("self_attn.q_norm")] * heads + [part("self_attn.k_norm")] * kv
            qk = norm(g, qk, np.stack(weights), c["eps"])
        q, k = g.op("Split", turned(g, qk, cos, sin), g.ints([heads, kv]), outputs=2, axis=2)
        k, v = [
            g.op("Concat", past(layer, kind), g.op("Transpose", new, perm=[0, 2, 1, 3]),
                 named=f"present.{layer}.{kind}", axis=2)
            for kind, new in (("key", k), ("value", v))
        ]
        x = g.op("Add", x, matrix(g, attention(g, q, k, v, bias, c), part("self_attn.o_proj")))
        normed = norm(g, x, part("post_attention_layernorm"), c["eps"])
        joined = np.concatenate([part("mlp.gate_proj"), part("mlp.up_proj")])
        rows = matrix(g, normed, joined)
        gate, up = g.op("Split", rows, g.ints([c["mlp"]] * 2), outputs=2, axis=2)
        gated = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)
        x = g.op("Add", x, matrix(g, gated, part("mlp.down_proj")))
        for kind in ("key", "value"):
            g.output(f"present.{layer}.{kind}", "float", ["batch", kv, "total", dim])

    asked = g.op("Unsqueeze", "logit_positions", g.ints([2]))
    rows = norm(g, g.op("GatherND", x, asked, batch_dims=1), source.tensor("model.norm.weight"), c["eps"])
    columns = g.op("Transpose", g.op("Gather", head, "logit_tokens"), perm=[1, 0])
    g.op("MatMul", rows, columns, named="logits")
    g.output("logits", "float", ["batch", "asked", "columns"])
    assert hidden == source.tensor("model.norm.weight").size


def past(layer, kind):
    return f"past_key_values.{layer}.{kind}"


def plain(g, x, weight):
    return g.op("MatMul", x, g.weight("matrix", np.ascontiguousarray(weight.T)))


def quantised(g, x, weight):
    """Symmetric 8-bit blocks along the inputs."""
    outputs, inputs = weight.shape
    blocks = -(-inputs // BLOCK)
    padded = np.zeros((outputs, blocks * BLOCK), np.float32)
    padded[:, :inputs] = weight
    padded = padded.reshape(outputs, blocks, BLOCK)
    scale = np.abs(padded).max(axis=2) / 127
    scale[scale == 0] = 1
    numbers = np.rint(padded / scale[:, :, None]).astype(np.int16) + 128
    return g.op(
        "MatMulNBits", x, g.weight("blocks", numbers.astype(np.uint8)),
        g.weight("scales", scale.astype(np.float32).reshape(-1)),
        domain="com.microsoft", K=inputs, N=outputs, bits=8, block_size=BLOCK, accuracy_level=4,
    )


def norm(g, x, weight, eps):
    square = g.op("ReduceMean", g.op("Pow", x, g.scalar(2.0)), g.ints([-1]), keepdims=1)
    root = g.op("Sqrt", g.op("Add", square, g.scalar(eps)))
    return g.op("Mul", g.op("Div", x, root), g.weight("norm", weight))


def rotations(g, c):
    """Cosines and sines of the tokens' positions, `[batch, tokens, 1, dim]`."""
    angles = np.arange(c["context"], dtype=np.float64)[:, None] * c["frequencies"][None].astype(np.float64)
    angles = np.concatenate([angles, angles], axis=1)
    tables = [
        g.op("Gather", g.weight(name, of(angles).astype(np.float32)), "position_ids")
        for name, of in (("cos", np.cos), ("sin", np.sin))
    ]
    return [g.op("Unsqueeze", table, g.ints([2])) for table in tables]


def turned(g, x, cos, sin):
    low, high = g.op("Split", x, outputs=2, axis=3, num_outputs=2)
    across = g.op("Concat", g.op("Neg", high), low, axis=3)
    return g.op("Add", g.op("Mul", x, cos), g.op("Mul", across, sin))


def mask(g, group):
    """What a token may not see, as -1e9, `[batch, 1, group * tokens, total]`."""
    tokens = g.op("Shape", "input_ids", start=1, end=2)
    total = g.op("Shape", "attention_mask", start=1, end=2)
    one = lambda x: g.op("Squeeze", x, g.ints([0]))  # noqa: E731
    before = g.op("Sub", total, tokens)
    zero, step = g.whole(0), g.whole(1)
    rows = g.op("Range", one(before), one(total), step)
    columns = g.op("Range", zero, one(total), step)
    seen = g.op("LessOrEqual", columns, g.op("Unsqueeze", rows, g.ints([1])))
    real = g.op("Cast", "attention_mask", to=9)
    real = g.op("Unsqueeze", real, g.ints([1, 2]))
    bias = g.op("Where", g.op("And", seen, real), g.scalar(0.0), g.scalar(-1e9))
    return g.op("Tile", bias, g.ints([1, 1, group, 1]))


def attention(g, q, k, v, bias, c):
    """Heads that share keys go through one product, so keys are never repeated."""
    heads, kv, dim = c["heads"], c["kv_heads"], c["dim"]
    group = heads // kv
    q = g.op("Mul", q, g.scalar(dim**-0.5))
    q = g.op("Reshape", q, g.ints([0, 0, kv, group, dim]))
    q = g.op("Transpose", q, perm=[0, 2, 3, 1, 4])
    q = g.op("Reshape", q, g.ints([0, kv, -1, dim]))
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    shares = g.op("Softmax", g.op("Add", scores, bias), axis=-1)
    x = g.op("MatMul", shares, v)
    x = g.op("Reshape", x, g.ints([0, kv, group, -1, dim]))
    x = g.op("Transpose", x, perm=[0, 3, 1, 2, 4])
    return g.op("Reshape", x, g.ints([0, 0, heads * dim]))


if __name__ == "__main__":
    main()
