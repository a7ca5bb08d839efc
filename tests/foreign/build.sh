#!/usr/bin/env bash
# Builds the foreign plugin from copies of the SDK and the boundary, with another arrow, and keeps
# the library here. Only for a new interface: a kept library is the build of its time and stays.
# Usage: tests/foreign/build.sh [ARROW MAJOR]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
arrow=${1:-58}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

mkdir -p "$copy/harness" "$copy/tests"
cp -r "$root/harness/plugin-abi" "$root/harness/plugin-sdk" "$copy/harness/"
cp -r "$here" "$copy/tests/foreign"
# The workspace that the two crates inherit from, without its other members and its binary.
awk '/^\[package\]/ { exit }
     /^  "harness\/plugin-(abi|sdk)"/ || !/^  "/' "$root/Cargo.toml" |
  sed -E "s/^(arrow-[a-z]+ = \{ version = )\"[0-9]+\"/\1\"$arrow\"/" >"$copy/Cargo.toml"
cp "$root/rust-toolchain.toml" "$copy/"

cd "$copy/tests/foreign"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$copy/target}
export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$copy=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
cargo build --release
name=libforeign-$(uname -m)-linux
cp "$CARGO_TARGET_DIR/release/libforeign.so" "$here/$name.so"
cp Cargo.lock "$here/Cargo.lock"
{
  (cd "$here" && sha256sum "$name.so")
  rustc --version
  for crate in arrow-array abi_stable mimalloc; do
    grep -A1 "^name = \"$crate\"" Cargo.lock | sed -n 's/^version = "\(.*\)"/'"$crate"' \1/p'
  done
  echo "interfaces backend/1 metric/1"
} >"$here/$name.txt"
cat "$here/$name.txt"
ls -l "$here/$name.so"
