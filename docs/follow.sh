#!/usr/bin/env bash
# Follows a page: runs its blocks marked `sh`, in order, in one shell, in an empty folder beside which
# nothing of the user is touched. Fails at the first command that does.
#
#   docs/follow.sh docs/first-run.md            `pilotbench` is the one on PATH
set -euo pipefail
page=$(realpath "${1:?name a page}")
sources=$(realpath "$(dirname "$0")/..")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder/home XDG_DATA_HOME=$folder/home/data XDG_CACHE_HOME=$folder/home/cache
mkdir -p "$folder/here" "$HOME"
cp -r "$sources/datasets" "$folder/here"
awk '/^ *```sh$/ { on = 1; next } /^ *```/ { on = 0 } on' "$page" >"$folder/steps"
[ -s "$folder/steps" ] || { echo "$page has no block marked sh" >&2; exit 2; }
cd "$folder/here"
bash -euxo pipefail "$folder/steps"
