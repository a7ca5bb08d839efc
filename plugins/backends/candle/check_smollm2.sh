#!/usr/bin/env bash
# The checks that need the real model: answers against transformers, and whether the adapters learn.
# Usage: [PILOTBENCH_SMOLLM2=model.gguf] plugins/backends/candle/check_smollm2.sh
set -euo pipefail
cd "$(dirname "$0")/../../.."
data=${XDG_DATA_HOME:-$HOME/.local/share}/pilotbench
export PILOTBENCH_SMOLLM2=${PILOTBENCH_SMOLLM2:-$data/models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf}
cargo test --release --locked -p backend-candle -- --ignored --nocapture smollm2
