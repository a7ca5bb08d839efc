#!/usr/bin/env bash
# Scores and refits against numpy, scipy and statsmodels: the same people, the same resamples, values
# compared, times side by side. Makes a virtual environment of its own unless PYTHON names an
# interpreter that has numpy, scipy and statsmodels. Usage: [PYTHON=python3] benches/against_python.sh
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
  python3 -m venv "$work/venv"
  PYTHON="$work/venv/bin/python"
  "$PYTHON" -m pip install --quiet numpy scipy statsmodels pandas
fi

cargo bench --quiet --locked --bench against_python --no-run
# Once on one core and once on all: what BLAS gains or loses by threads depends on the machine. Our
# side is timed anew each time, next to the other.
for threads in 1 $(nproc); do
  cargo bench --quiet --locked --bench against_python -- "$work"
  OPENBLAS_NUM_THREADS=$threads OMP_NUM_THREADS=$threads MKL_NUM_THREADS=$threads \
    PYTHONDONTWRITEBYTECODE=1 \
    "$PYTHON" benches/against_python.py "$work" datasets/disclosure/experiment.toml "$threads"
done
