#!/usr/bin/env bash
# The same scores of the same people at the same resamples, here and in numpy, scipy and statsmodels, in
# one run: checks that both sides agree and prints times and ratios.
#
#   benches/against_python.sh            makes a Python environment of its own in a temporary folder
#   PYTHON=… benches/against_python.sh   uses this interpreter (numpy, scipy, statsmodels)
#   THREADS=N                            threads of their BLAS; all cores unless given
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet numpy scipy statsmodels
  python="$folder/venv/bin/python"
fi
cargo bench --quiet --bench against_python -- "$folder"
threads=${THREADS:-$(nproc)}
OPENBLAS_NUM_THREADS=$threads "$python" benches/against_python.py "$folder" datasets/disclosure/experiment.toml "$threads"
