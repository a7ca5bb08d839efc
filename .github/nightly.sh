#!/usr/bin/env bash
# One night: run nightly.toml, keep its scores, compare it with the base and with the nights before,
# write pages. Ends with 6 when something became worse. The same command on a desk and in CI.
#
#   PILOTBENCH  the binary; `pilotbench` unless given
#   AT          the time of this night in UTC; now unless given
#   COMMIT      the state of the code, LINK where its pages will be; neither unless given
#   ACCEPT      why the level of this night is wanted: it becomes the base, and boundaries begin anew
#
# results/history is what must be kept from night to night, results/nightly/base the run that was
# accepted last; results/nightly/site and compare.xml are what this night has to show.
set -euo pipefail
cd "$(dirname "$0")/.."

pilotbench=${PILOTBENCH:-pilotbench}
at=${AT:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}
file=nightly.toml
[[ -f $file ]] || file=results/nightly.toml
nights=results/nightly
night=$nights/${at//:/}
base=$nights/base
format=terminal
[[ -z ${GITHUB_ACTIONS:-} ]] || format=github

"$pilotbench" run "$file" --results "$night" --quiet > /dev/null
runs=("$night"/runs/*/)
run=${runs[0]%/}

told=(--at "$at")
[[ -z ${COMMIT:-} ]] || told+=(--commit "$COMMIT")
[[ -z ${LINK:-} ]] || told+=(--link "$LINK")
entry=$("$pilotbench" history add "$run" "${told[@]}" --quiet)

# What becomes worse is told at the end; any other failure ends the night.
worse=0
check() {
  local code=0
  "$pilotbench" "$@" || code=$?
  case $code in
    0) ;;
    6) worse=6 ;;
    *) exit "$code" ;;
  esac
}

become_base() {
  rm -rf "$base.new"
  cp -r "$run" "$base.new"
  rm -rf "$base"
  mv "$base.new" "$base"
  echo "the base is now $entry"
}

if [[ -n ${ACCEPT:-} ]]; then
  "$pilotbench" history accept "$entry" --because "$ACCEPT"
  become_base
elif [[ -d $base ]]; then
  "$pilotbench" compare "$base" "$run" --no-speed --quiet --format junit --out "$nights/compare.xml"
  check compare "$base" "$run" --no-speed --quiet --format "$format" --fail-on regression
else
  echo "there was no base to compare with"
  become_base
fi
check history check --format "$format" --fail-on regression
rm -rf "$nights/site"
"$pilotbench" report "$run" --quiet -o "$nights/site/run"
"$pilotbench" history report --quiet -o "$nights/site/history"
exit "$worse"
