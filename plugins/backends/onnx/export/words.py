"""Tokenizer and chat template beside the graph."""

import json
import shutil
import sys

LLAMA_3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_2 = LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")
FILES = (
    "tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja",
    "config.json",
)


def write_words(source, out):
    if source.path.is_dir():
        for name in FILES:
            if (source.path / name).exists():
                shutil.copyfile(source.path / name, out / name)
        return
    put = lambda name, value: (out / name).write_text(json.dumps(value, ensure_ascii=False))  # noqa: E731
    tokens = source.value("tokenizer.ggml.tokens")
    token = lambda key: tokens[i] if (i := source.value(f"tokenizer.ggml.{key}_token_id")) is not None else None  # noqa: E731, E501
    put("tokenizer.json", tokenizer(source, tokens))
    settings = {"chat_template": source.value("tokenizer.chat_template"), "bos_token": token("bos"),
                "eos_token": token("eos")}
    put("tokenizer_config.json", {key: value for key, value in settings.items() if value is not None})
    put("config.json", {"max_position_embeddings": source.config["context"],
                        "vocab_size": source.config["vocabulary"]})


def tokenizer(source, tokens):
    """Byte-level BPE as the metadata of a GGUF file describe it."""
    kind, rule = source.value("tokenizer.ggml.model"), source.value("tokenizer.ggml.pre", "")
    bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    with_words = {**bytes_only, "use_regex": True}
    split = lambda regex: [{"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}, bytes_only]  # noqa: E731, E501
    rules = {
        "gpt-2": [with_words],
        "smollm": [{"type": "Digits", "individual_digits": True}, with_words],
        "llama-bpe": split(LLAMA_3), "llama3": split(LLAMA_3), "llama-v3": split(LLAMA_3),
        "qwen2": split(QWEN_2),
    }
    if kind != "gpt2" or rule not in rules:
        sys.exit(f"{source.path}: tokenizer {kind} with the rule {rule} is not known; "
                 f"export from the folder that has tokenizer.json")
    types = source.value("tokenizer.ggml.token_type")
    added = [
        {"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": types[i] == 3}
        for i, token in enumerate(tokens) if types[i] in (3, 4)
    ]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "NFC"} if rule == "qwen2" else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": rules[rule]},
        "post_processor": None,
        "decoder": {**bytes_only, "add_prefix_space": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": rule.startswith("llama"),
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in source.value("tokenizer.ggml.merges")],
        },
    }
