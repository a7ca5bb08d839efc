"""Weights and shape of a Llama-like model, from a GGUF file or a folder of safetensors."""

import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
PARTS = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
ENDS = {
    "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}


class Source:
    """`config`, and tensors by their Hugging Face names as f32."""

    @staticmethod
    def open(path: Path):
        if path.is_dir() and (path / "config.json").exists():
            return Folder(path)
        if path.is_file() and path.read_bytes()[:4] == b"GGUF":
            return Gguf(path)
        sys.exit(f"{path}: neither a GGUF file nor a folder with config.json")

    def __init__(self, path):
        self.path, self.changes = path, {}

    def tensor(self, name):
        values = self.read(name)
        if not np.isfinite(values).all():
            sys.exit(f"{self.path}: tensor {name} holds what is no number")
        change = self.changes.get(name)
        return values if change is None else values + change()

    def add(self, folder: Path):
        """Adds a LoRA adapter of PEFT's."""
        settings = json.loads((folder / "adapter_config.json").read_text())
        if settings.get("peft_type") != "LORA" or settings.get("use_dora"):
            sys.exit(f"{folder}: not a plain LoRA adapter")
        factors = Safetensors(folder / "adapter_model.safetensors")
        root = math.sqrt(settings["r"]) if settings.get("use_rslora") else settings["r"]
        scale = settings["lora_alpha"] / root
        found = [name for name in factors.entries if name.endswith("lora_A.weight")]
        if not found:
            sys.exit(f"{folder}: holds no lora_A")
        for name in found:
            inner = name.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight")
            if not self.has(inner):
                sys.exit(f"{folder}: adapts {inner}, which the model lacks")
            other = name.replace("lora_A", "lora_B")
            self.changes[inner] = lambda a=name, b=other: (
                scale * (factors.read(b) @ factors.read(a))
            ).astype(np.float32)

    def identity(self):
        digest = hashlib.sha256()
        for file in self.files():
            with open(file, "rb") as read:
                while block := read.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()


class Folder(Source):
    def __init__(self, path):
        super().__init__(path)
        self.raw = json.loads((path / "config.json").read_text())
        index = path / "model.safetensors.index.json"
        names = ["model.safetensors"]
        if index.exists():
            names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        self.shards = [Safetensors(path / name) for name in names]
        self.places = {name: shard for shard in self.shards for name in shard.entries}
        self.config = config_of(self.raw, path)
        if self.raw.get("tie_word_embeddings"):
            self.places.pop("lm_head.weight", None)

    def has(self, name):
        return name in self.places

    def read(self, name):
        if name not in self.places:
            sys.exit(f"{self.path}: tensor {name} is missing")
        return self.places[name].read(name)

    def files(self):
        return [self.path / "config.json", *(shard.path for shard in self.shards)]


def config_of(raw, path):
    kind = raw["model_type"]
    if kind not in FAMILIES:
        sys.exit(f"{path}: architecture {kind} is not known: there are {', '.join(FAMILIES)}")
    if raw.get("use_sliding_window") or (kind == "mistral" and raw.get("sliding_window")):
        sys.exit(f"{path}: attention within a sliding window is not known")
    if raw.get("hidden_act", "silu") != "silu" or raw.get("mlp_bias"):
        sys.exit(f"{path}: only feed-forward blocks with silu and without bias are known")
    heads = raw["num_attention_heads"]
    dim = raw.get("head_dim") or raw["hidden_size"] // heads
    rope = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    base = rope.get("rope_theta") or raw.get("rope_theta") or 10_000.0
    return {
        "hidden": raw["hidden_size"], "layers": raw["num_hidden_layers"], "heads": heads,
        "kv_heads": raw.get("num_key_value_heads") or heads, "dim": dim,
        "mlp": raw["intermediate_size"], "vocabulary": raw["vocab_size"],
        "context": min(raw["max_position_embeddings"], 8192), "eps": raw["rms_norm_eps"],
        "frequencies": stretched(rope, frequencies(dim, base), path),
    }


def frequencies(dim, base):
    return np.array([base ** (-2 * i / dim) for i in range(dim // 2)], np.float32)


def stretched(rope, plain, path):
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind == "default":
        return plain
    if kind == "linear":
        return (plain / rope["factor"]).astype(np.float32)
    if kind != "llama3":
        sys.exit(f"{path}: rope scaling {kind} is not known")
    factor, low, high = rope["factor"], rope["low_freq_factor"], rope["high_freq_factor"]
    wave = 2 * np.pi / plain.astype(np.float64)
    original = rope["original_max_position_embeddings"]
    blend = np.clip((original / wave - low) / (high - low), 0, 1)
    return ((1 - blend) * plain / factor + blend * plain).astype(np.float32)


class Safetensors:
    TYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "F64": np.float64}

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            self.entries = json.loads(file.read(length))
        self.entries.pop("__metadata__", None)
        self.start = 8 + length

    def read(self, name):
        entry = self.entries[name]
        if entry["dtype"] not in self.TYPES:
            sys.exit(f"{self.path}: tensor {name} is {entry['dtype']}")
        begin, end = entry["data_offsets"]
        kind = np.dtype(self.TYPES[entry["dtype"]])
        with open(self.path, "rb") as file:
            file.seek(self.start + begin)
            values = np.frombuffer(file.read(end - begin), kind)
        if entry["dtype"] == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return values.astype(np.float32).reshape(entry["shape"])


class Gguf(Source):
    def __init__(self, path):
        import gguf

        super().__init__(path)
        self.dequantize = gguf.quants.dequantize
        self.reader = gguf.GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in self.reader.tensors}
        self.arch = self.value("general.architecture")
        if self.arch not in FAMILIES:
            sys.exit(f"{path}: architecture {self.arch} is not known: there are {', '.join(FAMILIES)}")
        of = lambda name, default=None: self.value(f"{self.arch}.{name}", default)  # noqa: E731
        heads, hidden = of("attention.head_count"), of("embedding_length")
        dim = of("attention.key_length", hidden // heads)
        scaling = of("rope.scaling.type", "none")
        if scaling not in ("none", "linear"):
            sys.exit(f"{path}: rope scaling {scaling} is not known")
        plain = frequencies(dim, of("rope.freq_base", 10_000.0))
        if scaling == "linear":
            plain = (plain / of("rope.scaling.factor")).astype(np.float32)
        if "rope_freqs.weight" in self.tensors:
            plain = plain / self.raw("rope_freqs.weight")
        self.config = {
            "hidden": hidden, "layers": of("block_count"), "heads": heads,
            "kv_heads": of("attention.head_count_kv", heads), "dim": dim,
            "mlp": of("feed_forward_length"), "vocabulary": int(self.tensors["token_embd.weight"].shape[1]),
            "context": min(of("context_length"), 8192), "eps": of("attention.layer_norm_rms_epsilon"),
            "frequencies": plain,
        }

    def value(self, key, default=None):
        field = self.reader.get_field(key)
        return default if field is None else field.contents()

    def raw(self, name):
        tensor = self.tensors[name]
        return self.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)

    def place(self, name):
        if name in ENDS:
            return ENDS[name]
        layer, part = name.removeprefix("model.layers.").split(".", 1)
        part, kind = part.rsplit(".", 1)
        return f"blk.{layer}.{PARTS[part]}.{kind}"

    def has(self, name):
        return self.place(name) in self.tensors

    def read(self, name):
        place = self.place(name)
        if place not in self.tensors:
            sys.exit(f"{self.path}: tensor {place} is missing")
        values = self.raw(place)
        if self.arch == "llama" and place.endswith(("attn_q.weight", "attn_k.weight")):
            # Such files keep the two halves of a head interleaved.
            dim = self.config["dim"]
            turned = values.reshape(-1, dim // 2, 2, values.shape[1])
            values = turned.swapaxes(1, 2).reshape(values.shape)
        return values

    def files(self):
        return [self.path]
