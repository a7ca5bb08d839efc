"""What servers need of a GGUF file: its weights in f32, as the candle backend computes with them, and its
chat template.

    python parts_of_model.py MODEL.gguf OUT.gguf OUT.jinja"""

import pathlib
import sys

import gguf

sys.path.insert(0, "benches")
from llm_against_python import requantise  # noqa: E402

model, weights, template = map(pathlib.Path, sys.argv[1:])
text = gguf.GGUFReader(model).get_field("tokenizer.chat_template").contents()
template.write_text(text)
if not weights.exists():
    part = weights.with_suffix(".part")
    requantise(model, part, "f32")
    part.rename(weights)
