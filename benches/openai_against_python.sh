#!/usr/bin/env bash
# What the openai backend's client costs by itself, against the official Python client: the same
# requests to the same service on this machine, which answers at once or after 50 ms. Both are measured
# in turn, in rounds.
#
# Usage: [ROUNDS=3] benches/openai_against_python.sh
#
# PILOTBENCH_OPENAI_VENV names a virtual environment with the package openai[aiohttp]; without it one is
# made in the build folder and kept there.
set -euo pipefail
cd "$(dirname "$0")/.."
openai=3.57.0
target=${CARGO_TARGET_DIR:-target}
venv=${PILOTBENCH_OPENAI_VENV:-}
if [[ -z "$venv" ]]; then
  venv=$target/openai-python-$openai
  [[ -x "$venv/bin/python" ]] || python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "openai[aiohttp]==$openai"
fi
cargo build --quiet --locked --release -p pilotbench-testkit --bin pilotbench-test-service
cargo bench --quiet --locked --no-run --bench openai_against_python
PILOTBENCH_TEST_SERVICE=$(realpath "$target/release/pilotbench-test-service")
export PILOTBENCH_TEST_SERVICE PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" benches/openai_against_python.py compare "$PILOTBENCH_TEST_SERVICE" \
  "cargo bench --quiet --locked --bench openai_against_python --"
