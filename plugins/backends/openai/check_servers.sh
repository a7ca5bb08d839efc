#!/usr/bin/env bash
# The checks that need real servers: llama.cpp's own (out of the Python package xllamacpp), and, where
# there is one, that of llama-cpp-python. The same people are asked through them and through the candle
# backend, with the same weights; where the words of a question are the same, so must the probabilities
# be. A run is then repeated without its server, and nothing that was written may hold the key.
#
# Usage: [PILOTBENCH=target/release/pilotbench] [LLAMA_CPP_PYTHON=PYTHON] \
#        plugins/backends/openai/check_servers.sh
#
# LLAMA_CPP_PYTHON is a Python with llama-cpp-python[server] 0.3.36, which is long in building. The rest
# is made in target/check-servers. It takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../../.."
pilotbench=$(realpath "${PILOTBENCH:-target/release/pilotbench}")
here=plugins/backends/openai/check
work=$PWD/target/check-servers
run=$work/run
python=$work/venv/bin/python
models=${XDG_DATA_HOME:-$HOME/.local/share}/pilotbench/models
model=$models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf
# Most total variation, in the mean over questions, between candle and a server with the same weights in
# f32, which keeps keys and values in 16 bits: 0.0016 was seen, 0.0033 at most. (With the 4-bit file
# llama.cpp rounds activations to 8 bits, and it would be 0.025.)
likeness=${LIKENESS:-0.005}
server=

# What goes wrong is said and the rest is done; at the end it is a failure.
wrong=0
wrong() { echo "WRONG: $*"; wrong=$((wrong + 1)); }
fail() { echo "FAILED: $*" >&2; exit 1; }
stop() {
  if [[ -n "$server" ]]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  server=
}
trap stop EXIT

# Waits until the server answers with 200; llama.cpp's says 503 while it loads.
await() {
  for _ in $(seq 240); do
    kill -0 "$server" 2>/dev/null || { tail -n 20 "$work/server.log" >&2; fail "the server ended"; }
    if curl --silent --fail --output "$work/reply" --header "Authorization: Bearer $LLAMA_KEY" "$1"; then
      return
    fi
    sleep 0.5
  done
  fail "the server does not answer"
}

port() {
  "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A run file: its name, how many people, the service, then a line of settings for each method.
run_file() {
  local name=$1 people=$2 service=$3
  shift 3
  cat <<TOML
name = "$name"
experiments = ["disclosure"]
sizes = [0]
seeds = 1
held_out = $people
methods = ["uniform"]
metrics = ["distribution"]

[score]
resamples = 20

[[method]]
name = "candle"
backend = "candle"
settings = { model = "smollm2-135m", precision = "f32" }
TOML
  local method
  for method in "$@"; do
    cat <<TOML

[[method]]
name = "${method%%:*}"
backend = "openai"
settings = { service = "$service", model = "smollm2-135m", key_env = "LLAMA_KEY", ${method#*: } }
TOML
  done
}

service() {
  cat > "$run/services.toml" <<TOML
[$1]
base_url = "http://127.0.0.1:$2/v1"
top_logprobs = 200
TOML
}

# Runs a run file into a folder of results; what is printed is kept, for it may hold no key either.
record() {
  "$pilotbench" run --quiet "$run/$1.toml" --results "$run/${2:-$1}" "${@:3}" 2>&1 |
    tee -a "$run/output.txt" | sed '/^what it means/,$d'
}

# The same run without a server: it must come out the same.
replay() {
  if ! record "$1" "$1-replayed" --replay > "$work/board"; then
    cat "$work/board"
    wrong "$1: not replayed"
    return
  fi
  local folder
  for folder in leaderboard cells; do
    (cd "$run/$1"/runs/*/ && find "$folder" -type f ! -name manifest.json -exec sha256sum {} + | sort -k2) \
      > "$work/first"
    (cd "$run/$1-replayed"/runs/*/ && find "$folder" -type f ! -name manifest.json -exec sha256sum {} + |
      sort -k2) > "$work/second"
    [[ -s "$work/first" ]] || fail "no $folder"
    cmp "$work/first" "$work/second" || { wrong "$1: replayed, $folder differs"; return; }
  done
  echo "$1: replayed without a server, leaderboard and answers are the same bytes"
}

compare() {
  PYTHONDONTWRITEBYTECODE=1 "$python" "$here/compare.py" "$run/$1" "${@:2}" 2>&1 | tee -a "$run/output.txt" ||
    wrong "$*"
}

[[ -x "$python" ]] || python3 -m venv "$work/venv"
"$python" -m pip install --quiet xllamacpp==2026.10.11549 pyarrow==26.0.1 gguf==0.19.0 numpy
"$pilotbench" model pull smollm2-135m
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/parts_of_model.py" "$model" "$work/f32.gguf" "$work/template.jinja"

rm -rf "$run"
mkdir -p "$run/data/pilotbench"
ln -s "$models" "$run/data/pilotbench/models"
export XDG_DATA_HOME=$run/data XDG_CACHE_HOME=$run/cache PILOTBENCH_SERVICES=$run/services.toml
LLAMA_KEY=sk-local-$("$python" -c 'import secrets; print(secrets.token_hex(16))')
export LLAMA_KEY
completions="endpoint = \"completions\", template = \"$work/template.jinja\""

echo "llama.cpp's server"
port=$(port)
"$python" "$here/llama_server.py" "$work/f32.gguf" "$port" > "$work/server.log" 2>&1 &
server=$!
await "http://127.0.0.1:$port/health"
service llama-cpp "$port"
run_file probabilities 6 llama-cpp \
  'tree: answers = "tree"' \
  "tree-completions: answers = \"tree\", $completions" \
  'letters: answers = "letters"' > "$run/probabilities.toml"
run_file samples 2 llama-cpp \
  'schema: answers = "schema"' \
  'questionnaire: questionnaire = true' > "$run/samples.toml"
"$pilotbench" plan "$run/probabilities.toml" | tee -a "$run/output.txt"
record probabilities
record samples
stop
compare probabilities candle tree "$likeness"
compare probabilities candle tree-completions "$likeness"
compare samples schema
compare samples questionnaire
replay probabilities
replay samples

if [[ -n "${LLAMA_CPP_PYTHON:-}" ]]; then
  echo "llama-cpp-python's server"
  port=$(port)
  API_KEY=$LLAMA_KEY "$LLAMA_CPP_PYTHON" -m llama_cpp.server --model "$work/f32.gguf" --host 127.0.0.1 \
    --port "$port" --n_ctx 2048 --n_threads 2 --logits_all true > "$work/server.log" 2>&1 &
  server=$!
  await "http://127.0.0.1:$port/v1/models"
  service llama-cpp-python "$port"
  ways=()
  for way in tree echo; do
    run_file "python-$way" 2 llama-cpp-python "$way: answers = \"$way\", $completions" \
      > "$run/python-$way.toml"
    if record "python-$way"; then ways+=("$way"); else wrong "$way through llama-cpp-python"; fi
  done
  stop
  for way in "${ways[@]}"; do
    compare "python-$way" candle "$way" "$likeness"
    replay "python-$way"
  done
fi

grep --recursive --files-with-matches --fixed-strings smollm2-135m "$run" > "$work/found" ||
  fail "the model's name is not found where it must stand"
if grep --recursive --files-with-matches --fixed-strings "$LLAMA_KEY" "$run"; then
  fail "the key stands in these files"
fi
echo "the key is in none of $(find "$run" -type f | wc -l) files"
[[ "$wrong" == 0 ]] || fail "$wrong checks"
