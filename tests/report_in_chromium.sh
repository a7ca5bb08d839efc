#!/bin/sh
# The pages of `pilotbench report` in a browser: sorting, filtering, columns, permalinks, hostile words,
# keyboard, phone width, dark mode, time. Not part of `cargo test`, since a machine may have no browser.
#
#   cargo build && tests/report_in_chromium.sh [FOLDER FOR SCREENSHOTS]
#
# Needs Chromium (CHROMIUM names another one) and Python with the package `playwright`, which drives it.
# Without either it says so and ends with 77: skipped.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
pilotbench=${PILOTBENCH:-$root/target/debug/pilotbench}
shots=${1:-}

skip() { echo "skipped: $1"; exit 77; }
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$chromium" ] || skip "no Chromium is installed"
python3 -c 'import playwright' 2>/dev/null || skip "Python has no package playwright"
[ -x "$pilotbench" ] || skip "$pilotbench is not built"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/hostile"
cp -r "$root/harness/testkit/experiments/tiny" "$work/hostile/tiny"
card=$work/hostile/tiny/experiment.toml
hostile='<script>document.documentElement.dataset.hurt=1;alert(1)</script>'
long=$(printf 'verylongword%.0s' $(seq 60))
sed -e "s|title = \"Tiny\"|title = \"$hostile <img src=x onerror=alert(2)>\"|" \
    -e 's|licence = "CC0"|licence = "javascript:alert(3)"|' \
    -e "s|label = \"A\"|label = \"$hostile\"|" -e "s|label = \"First\"|label = \"$hostile\"|" \
    -e "s|label = \"Second\"|label = \"$long\"|" -e "s|label = \"Z\"|label = \"$hostile\"|" \
    -e "s|label = \"much\"|label = \"<img src=x onerror=alert(4)>\"|" "$card" > "$card.new"
mv "$card.new" "$card"
for name in first second; do
  cat > "$work/$name.toml" <<RUN
name = "$name"
experiments = ["$work/hostile/tiny"]
sizes = [0, 8, 15]
seeds = 3
methods = ["marginal", "uniform", "mode", "hotdeck", "human-split"]
metrics = ["distribution", "heterogeneity", "individual"]
[[method]]
name = "ridge.with_a-very+long.name-that_goes-on.and-on_until-it.ends"
backend = "$([ $name = first ] && echo ridge || echo copula)"
[score]
resamples = 20
RUN
  (cd "$work" && "$pilotbench" run "$name.toml" --quiet > /dev/null)
done
(cd "$work" && "$pilotbench" report first -o one --quiet && "$pilotbench" report first second -o two --quiet)
python3 "$root/tests/report_in_chromium.py" "$chromium" "$work/one" "$work/two" "$shots"
