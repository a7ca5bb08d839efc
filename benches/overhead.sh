#!/usr/bin/env bash
# What the harness costs: the default run, its CPU time per simulated answer with scoring, and the
# start of `--help`. Usage: benches/overhead.sh
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --quiet
binary=target/release/pilotbench
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

TIMEFORMAT='%R %U %S'
read -r wall user system < <({ time "$binary" run --quiet --results "$results" >"$results/board" ; } 2>&1)
read -r answers < <("$binary" status --json --results "$results" | sed -n 's/.*"ok": \([0-9]*\).*/\1/p')
read -r replicates < <("$binary" status --json --results "$results" | sed -n 's/.*"committed": \([0-9]*\).*/\1/p')
awk -v w="$wall" -v u="$user" -v s="$system" -v a="$answers" -v r="$replicates" 'BEGIN {
  printf "default run          %d replicates, %d answers\n", r, a
  printf "wall                 %.1f s (goal: under 60 on 2 cores)\n", w
  printf "CPU                  %.1f s\n", u + s
  printf "CPU per answer       %.2f us with scoring (goal: under 50)\n", (u + s) / a * 1e6
}'

TIMEFORMAT='%R'
for _ in $(seq 21); do { time "$binary" --help >/dev/null; } 2>&1; done | sort -n |
  awk '{ t[NR] = $1 } END { printf "--help               %.0f ms median of %d (goal: under 30)\n", t[int((NR + 1) / 2)] * 1e3, NR }'
