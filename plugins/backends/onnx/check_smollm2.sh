#!/usr/bin/env bash
# The checks that need the real model: the exported graphs, f32 and q8, against the candle backend on the
# same weights, and how long and large an export is.
#
# Usage: plugins/backends/onnx/check_smollm2.sh [MODEL.gguf]
#
# PILOTBENCH_ONNX_VENV names a virtual environment with numpy, onnx and gguf; without it one is made and
# thrown away. MODEL is the pulled smollm2-135m unless given; the runtime is found as always.
set -euo pipefail
cd "$(dirname "$0")/../../.."
data=${XDG_DATA_HOME:-$HOME/.local/share}/pilotbench/models
export PILOTBENCH_SMOLLM2=${1:-$data/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf}
export PILOTBENCH_SMOLLM2_ONNX
PILOTBENCH_SMOLLM2_ONNX=$(mktemp -d)
trap 'rm -rf "$PILOTBENCH_SMOLLM2_ONNX"' EXIT
venv=${PILOTBENCH_ONNX_VENV:-}
if [[ -z "$venv" ]]; then
  venv=$PILOTBENCH_SMOLLM2_ONNX/venv
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet numpy onnx gguf
fi
measured='import resource, runpy, sys, time
start = time.time()
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rsplit("/", 1)[0])
runpy.run_path(sys.argv[0], run_name="__main__")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(f"  {time.time() - start:.1f} s, {peak:.2f} GB at most")'
for precision in f32 q8; do
  PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -c "$measured" plugins/backends/onnx/export/export.py \
    "$PILOTBENCH_SMOLLM2" "$PILOTBENCH_SMOLLM2_ONNX/$precision" --precision $precision
done
cargo test --release --locked --test onnx -- --ignored --nocapture smollm2
