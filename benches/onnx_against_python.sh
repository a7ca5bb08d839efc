#!/usr/bin/env bash
# The onnx backend against a loop over onnxruntime's Python package that reuses what all prompts share
# but not what a participant was asked before: the same graphs, the same prompts. Answers are compared
# first; then both are measured in turn, in rounds, with one thread and with all.
#
# Usage: [ROUNDS=3] benches/onnx_against_python.sh [MODEL.gguf]
#
# PILOTBENCH_ONNX_VENV names a virtual environment with numpy, onnx, gguf, onnxruntime and tokenizers;
# without it one is made and thrown away. MODEL is the pulled smollm2-135m unless given.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${XDG_DATA_HOME:-$HOME/.local/share}/pilotbench/models
model=${1:-$data/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=${PILOTBENCH_ONNX_VENV:-}
if [[ -z "$venv" ]]; then
  venv=$work/venv
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet numpy onnx gguf onnxruntime tokenizers
fi
python=$venv/bin/python
export VIRTUAL_ENV=$venv PYTHONDONTWRITEBYTECODE=1
for precision in f32 q8; do
  "$python" plugins/backends/onnx/export/export.py "$model" "$work/$precision" --precision $precision
done
ln -s f32 "$work/hf"
cargo bench --quiet --locked --bench llm_against_python -- \
  interviews "$model" "$work/interviews.jsonl" 16
"$python" benches/onnx_against_python.py compare "$work" "$work/interviews.jsonl" \
  "cargo bench --quiet --locked --bench onnx_against_python --"
