#!/usr/bin/env bash
# How often is a change told where nothing changed but the seeds? The same methods with other seeds,
# 50 times: each against one base, each against the one before it, and each in a history of those
# before it. Not part of CI: it takes minutes. Usage: tests/false_alarms.sh BINARY [RERUNS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
pilotbench=$(realpath "$1")
reruns=${2:-50}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# 9 scores in each comparison; the stated rate is for all of them together.
run() {
  local seeds
  seeds=$(seq -s ', ' $((100 * $1 + 1)) $((100 * $1 + 10)))
  cat > run.toml << TOML
name = "night"
experiments = ["disclosure"]
held_out = 300
sizes = [15, 60]
seeds = [$seeds]
methods = ["uniform", "marginal", "hotdeck", "ridge", "copula"]
metrics = ["distribution"]
[score]
resamples = 50
TOML
  "$pilotbench" run run.toml --quiet --datasets "$root/datasets" --results "night-$1" > /dev/null
  "$pilotbench" history add --quiet --datasets "$root/datasets" --results "night-$1" --history history \
    --at "$(date -u -d "2026-01-01 + $1 days" +%Y-%m-%dT%H:%M:%SZ)" > /dev/null
}

# Counts a command that ends with 6; any other failure ends everything.
alarms() {
  local code=0
  "$pilotbench" "$@" --datasets "$root/datasets" --fail-on any-change > said || code=$?
  [[ $code -eq 0 || $code -eq 6 ]] || exit "$code"
  [[ $code -eq 0 ]] || { echo "rerun $i: $*" >&2; grep -E 'worse|better' said >&2 || true; }
  alarm=$((code / 6))
}

base=0 before=0 history=0 speed=0 checks=0
run 0
for ((i = 1; i <= reruns; i++)); do
  run "$i"
  alarms compare night-0/runs/night-* night-"$i"/runs/night-* --quiet --no-speed
  base=$((base + alarm))
  alarms compare night-$((i - 1))/runs/night-* night-"$i"/runs/night-* --quiet --no-speed
  before=$((before + alarm))
  if ((i >= 5)); then
    checks=$((checks + 1))
    alarms history check --history history --no-speed
    history=$((history + alarm))
    alarms history check --history history
    speed=$((speed + alarm))
  fi
done
echo "stated rate: 5 % of comparisons, all scores of one together"
echo "compare with one base:        $base of $reruns"
echo "compare with the one before:  $before of $reruns"
echo "history check, scores:        $history of $checks"
echo "history check, speeds too:    $speed of $checks"
