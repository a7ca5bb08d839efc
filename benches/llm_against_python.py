"""The other side of llm_against_python.sh: the same prompts through the same weights in transformers,
torch and llama.cpp, and the same kind of training in PEFT.

    llm_against_python.py prepare MODEL.gguf WORK      # dequantises into what each tool reads
    llm_against_python.py compare WORK INTERVIEWS OURS # runs everybody in turn and prints tables
    llm_against_python.py run NAME VERB WORK INTERVIEWS THREADS   # one contestant, one JSON line

INTERVIEWS has a JSON object a line: participant, item, prompt (rendered, open for the answer) and
options; a participant's lines stand together, each prompt begins with the one before. VERB is
`score`, `train` or `check`. OURS is the command of our side, called as `OURS VERB MODEL INTERVIEWS
PRECISION THREADS`; `score` and `train` print {"name", "precision", "threads", "prompts",
"tokens_computed", "seconds", "cpu_seconds", "peak_mb"} (a prompt counts each time it is learned
from), `check` prints {"levels": log-probabilities of the options, a list per prompt}. Loading is in
no time; tokenising is in ours only.
"""

import ctypes
import itertools
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

END = "<|im_end|>"
ROUNDS = int(os.environ.get("ROUNDS", 3))
# People per measurement: 20 to 60 s each on one core of 2026.
PEOPLE = {"whole": 8, "reuse": 24, "check": 2, "train": 30}
BATCH, RANK, LAYERS, EPOCHS = 8, 8, 8, 3  # training, and prompts scored together without reuse
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
STEPS = 5  # of the training that are timed
CONTESTANTS = {  # name -> (precision, people per measurement, what it is)
    "transformers-f32": ("f32", "whole", "transformers f32, whole prompts, batches of 8"),
    "torch-f32": ("f32", "reuse", "torch f32, prefix and interview reused"),
    "llama.cpp-f32": ("f32", "reuse", "llama.cpp F32, prefix and interview reused"),
    "torch-bf16": ("bf16", "reuse", "torch bf16, prefix and interview reused"),
    "llama.cpp-bf16": ("bf16", "reuse", "llama.cpp BF16, prefix and interview reused"),
}
# What a GGUF of other precision says anew.
LEFT_OUT = ("general.architecture", "general.file_type", "general.quantization_version")
# Log-probabilities of options may differ so much from those of transformers in f32: unlikely options
# move most, and llama.cpp rounds somewhere even in F32.
TOLERANCE = {"f32": 3e-2, "bf16": 3e-1}


# Contestants: `rows(prompts)` gives the logits after each prompt, in order; `computed` counts tokens.


def common(a, b) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


class Whole:
    """Every prompt from its beginning, in batches of similar length."""

    def __init__(self, work: Path, precision: str, threads: int):
        self.torch, self.model, self.head = load_torch(work, precision, threads)
        self.reset()

    def reset(self):
        self.computed = 0

    def rows(self, prompts):
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        found = {}
        with self.torch.inference_mode():
            for some in batches(order):
                ids = padded(self.torch, [prompts[i] for i in some])
                last = self.torch.tensor([len(prompts[i]) - 1 for i in some])
                hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
                logits = hidden[self.torch.arange(len(some)), last].float() @ self.head.T
                found.update(zip(some, logits.numpy()))
                self.computed += ids.numel()
        return [found[i] for i in range(len(prompts))]


class Reuse:
    """Keeps keys and values of what a prompt shares with the one before."""

    def __init__(self, work: Path, precision: str, threads: int):
        self.torch, self.model, self.head = load_torch(work, precision, threads)
        self.reset()

    def reset(self):
        from transformers import DynamicCache

        self.computed, self.known, self.cache = 0, [], DynamicCache(config=self.model.config)

    def rows(self, prompts):
        with self.torch.inference_mode():
            return [self.row(prompt) for prompt in prompts]

    def row(self, prompt):
        keep = min(common(self.known, prompt), len(prompt) - 1)
        if keep < len(self.known):
            self.cache.crop(keep - len(self.known))
        ids = self.torch.tensor([prompt[keep:]])
        out = self.model.model(input_ids=ids, past_key_values=self.cache, use_cache=True)
        self.known = prompt
        self.computed += ids.numel()
        return (self.head @ out.last_hidden_state[0, -1].float()).numpy()


class LlamaCpp:
    """The same in llama.cpp, which keeps its keys and values by sequence."""

    def __init__(self, work: Path, precision: str, threads: int):
        import llama_cpp as api
        import numpy

        self.api, self.numpy = api, numpy
        self.quiet = api.llama_log_callback(lambda *_: None)
        api.llama_log_set(self.quiet, ctypes.c_void_p(0))
        api.llama_backend_init()
        file = str(work / f"{precision}.gguf").encode()
        self.model = api.llama_model_load_from_file(file, api.llama_model_default_params())
        params = api.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = 2048, 2048, 512
        params.n_threads = params.n_threads_batch = threads
        if precision == "f32":
            params.type_k = params.type_v = api.GGML_TYPE_F32
        self.context = api.llama_init_from_model(self.model, params)
        self.memory = api.llama_get_memory(self.context)
        self.vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(self.model))
        self.reset()

    def reset(self):
        self.computed, self.known = 0, []
        self.api.llama_memory_clear(self.memory, True)

    def rows(self, prompts):
        return [self.row(prompt) for prompt in prompts]

    def row(self, prompt):
        keep = min(common(self.known, prompt), len(prompt) - 1)
        self.api.llama_memory_seq_rm(self.memory, 0, keep, -1)
        new = (self.api.llama_token * (len(prompt) - keep))(*prompt[keep:])
        status = self.api.llama_decode(self.context, self.api.llama_batch_get_one(new, len(new)))
        if status != 0:
            sys.exit(f"llama_decode: {status}")
        self.known = prompt
        self.computed += len(new)
        logits = self.api.llama_get_logits_ith(self.context, -1)
        return self.numpy.ctypeslib.as_array(logits, (self.vocabulary,)).copy()


def load_torch(work: Path, precision: str, threads: int):
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(threads)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(work / "hf", dtype=dtype).eval()
    # A head of f32 costs nothing on the last row alone, and one of bf16 would round the logits.
    return torch, model, model.lm_head.weight.detach().float()


def batches(members):
    return [members[i : i + BATCH] for i in range(0, len(members), BATCH)]


def padded(torch, rows):
    """On the right: no real token sees the padding."""
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


def contestant(name: str, work: Path, threads: int):
    kind = {"transformers": Whole, "torch": Reuse, "llama.cpp": LlamaCpp}[name.rsplit("-", 1)[0]]
    return kind(work, CONTESTANTS[name][0], threads)


# Words, tokens and trees of options.


class Words:
    def __init__(self, work: Path):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(work / "hf" / "tokenizer.json"))
        self.end = self.tokenizer.token_to_id(END)

    def tokens(self, text: str):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def tree(self, options):
        """Where options part, as (path, tokens), and per option its (branching, token)s."""
        levels = [[*self.tokens(option), self.end] for option in options]
        found, routes = [], [[] for _ in levels]
        nodes = {tuple(level[:depth]) for level in levels for depth in range(len(level))}
        for path in sorted(nodes, key=lambda path: (len(path), path)):
            below = [level for level in levels if tuple(level[: len(path)]) == path]
            tokens = list(dict.fromkeys(level[len(path)] for level in below))
            if len(tokens) > 1:
                for route, level in zip(routes, levels):
                    if level in below:
                        route.append((len(found), tokens.index(level[len(path)])))
                found.append((list(path), tokens))
        return found, routes


def log_probabilities(rows, tree):
    """Of each option: the sum of the log-softmaxes over what can follow, where options part."""
    import numpy

    logs = []
    for row, (_, tokens) in zip(rows, tree[0]):
        logits = row[tokens].astype(float)
        logs.append(logits - numpy.logaddexp.reduce(logits))
    return [float(sum(logs[b][t] for b, t in route)) for route in tree[1]]


# What a contestant is asked to do.


def score(name, work, interviews, threads):
    words, one = Words(work), contestant(name, work, threads)
    prompts = [words.tokens(line["prompt"]) for line in interviews]
    one.rows(prompts[:2])  # what is made at first use
    one.reset()
    with Clock() as clock:
        one.rows(prompts)
    return report(name, CONTESTANTS[name][0], threads, len(prompts), one.computed, clock)


def check(name, work, interviews, threads):
    words, one = Words(work), contestant(name, work, threads)
    levels = []
    for line in interviews:
        tree = words.tree(line["options"])
        prompt = words.tokens(line["prompt"])
        rows = one.rows([prompt + path for path, _ in tree[0]])
        levels.append(log_probabilities(rows, tree))
    return {"levels": levels}


def train(name, work, interviews, threads):
    """LoRA on every linear map of the last layers; each prompt with an answer is a row."""
    from peft import LoraConfig, get_peft_model

    words = Words(work)
    torch, model, head = load_torch(work, "f32", threads)
    layers = model.config.num_hidden_layers
    config = LoraConfig(
        r=RANK, lora_alpha=2 * RANK, target_modules=LINEARS, task_type="CAUSAL_LM",
        layers_to_transform=list(range(layers - LAYERS, layers)),
    )
    model = get_peft_model(model, config).train()
    adam = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-3)

    def step(lines):
        adam.zero_grad()
        loss, tokens = loss_of(torch, model, head, words, lines)
        loss.backward()
        adam.step()
        if not torch.isfinite(loss):
            sys.exit(f"loss is {loss}")
        return tokens

    first, *others = batches(interviews)[: STEPS + 1]
    step(first)  # what is made at first use
    with Clock() as clock:
        tokens = sum(step(lines) for lines in others)
    return report(name, "f32", threads, sum(map(len, others)), tokens, clock)


def loss_of(torch, model, head, words, lines):
    """Mean of -log P(an option), and the number of tokens computed."""
    rows, targets = [], []
    for at, line in enumerate(lines):
        (branchings, routes), prompt = words.tree(line["options"]), words.tokens(line["prompt"])
        # Everyone in turn: which one it is hardly changes the work.
        level = at % len(routes)
        rows.append(prompt + words.tokens(line["options"][level]))
        for branching, right in routes[level]:
            path, tokens = branchings[branching]
            targets.append((at, len(prompt) + len(path) - 1, tokens, right))
    ids = padded(torch, rows)
    hidden = model.base_model.model.model(input_ids=ids, use_cache=False).last_hidden_state
    losses = [
        -torch.log_softmax(head[tokens] @ hidden[row, position], 0)[right]
        for row, position, tokens, right in targets
    ]
    return torch.stack(losses).sum() / len(lines), ids.numel()


class Clock:
    def __enter__(self):
        self.wall, self.cpu = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_):
        self.wall += time.perf_counter()
        self.cpu += time.process_time()


def report(name, precision, threads, prompts, tokens, clock):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"name": name, "precision": precision, "threads": threads, "prompts": prompts,
            "tokens_computed": tokens, "seconds": clock.wall, "cpu_seconds": clock.cpu, "peak_mb": peak}


# Weights as each tool reads them.


def prepare(gguf: Path, work: Path):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
    model.hf_quantizer = None  # its weights are f32 now
    del model.config.quantization_config
    model.save_pretrained(work / "hf")
    AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(work / "hf")
    for precision in ("f32", "bf16"):
        requantise(gguf, work / f"{precision}.gguf", precision)


def requantise(source: Path, target: Path, precision: str):
    """The same GGUF with its matrices in another precision; vectors stay as they are."""
    import gguf

    types = gguf.GGMLQuantizationType
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.get_field("general.architecture").contents())
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name not in LEFT_OUT:
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], inner)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        kind = types.BF16 if precision == "bf16" and values.ndim > 1 else types.F32
        writer.add_tensor(tensor.name, gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# Everybody in turn.


def compare(work: Path, file: Path, ours: str):
    people = participants(file)
    for use, count in PEOPLE.items():
        lines = itertools.chain.from_iterable(people[:count])
        (work / f"{use}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    everybody = [Theirs(work, name) for name in CONTESTANTS]
    if ours:
        everybody += [Ours(work, ours, precision) for precision in ("f32", "bf16")]
    agree(everybody)
    for threads in sorted({1, os.cpu_count()}):
        setting = f"{threads} thread{'s' * (threads > 1)}, {ROUNDS} rounds"
        table(f"Scoring, {setting}", rounds(threads, everybody, "score"))
        learned = rounds(threads, trainers(work, ours), "train")
        table(f"Training, {setting}", learned)
        whole = EPOCHS * sum(map(len, people[: PEOPLE["train"]]))
        for name in learned[0]:
            seconds = median(learned, name, lambda one: one["seconds"] / one["prompts"])
            print(f"  {name}: {whole * seconds:.0f} s for {PEOPLE['train']} people, {EPOCHS} passes")
    print(f"""
Scoring: theirs is the time of the logits after each prompt, ours also of where its options branch.
Training: LoRA of rank {RANK} on all linear maps of the last {LAYERS} layers; theirs is {STEPS} steps of {BATCH} prompts,
each from its beginning, and scaled. Ratios are of prompts a second in the same round: the median (least to most).""")


def participants(file: Path):
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    people = [list(group) for _, group in itertools.groupby(lines, lambda line: line["participant"])]
    if len(people) < max(PEOPLE.values()):
        sys.exit(f"{file}: {len(people)} participants, {max(PEOPLE.values())} are needed")
    return people


class Theirs:
    def __init__(self, work, name):
        self.work, self.name = work, name
        self.precision, self.use, self.title = CONTESTANTS.get(name, ("f32", "train", name))

    def ask(self, verb, threads):
        file = self.work / f"{'check' if verb == 'check' else self.use}.jsonl"
        return answer([sys.executable, __file__, "run", self.name, verb, self.work, file, threads])


class Ours:
    def __init__(self, work, command, precision):
        self.work, self.command, self.precision = work, command, precision
        self.title = self.name = f"ours {precision}"

    def ask(self, verb, threads):
        use = {"score": "reuse"}.get(verb, verb)
        model, file = self.work / "model.gguf", self.work / f"{use}.jsonl"
        return answer([*shlex.split(self.command), verb, model, file, self.precision, threads])


def trainers(work, ours):
    return [Theirs(work, "PEFT f32"), *([Ours(work, ours, "f32")] if ours else [])]


def answer(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rounds(threads, everybody, verb):
    """Per round, what each contestant reports; every second round in the other direction."""
    found = []
    for number in range(ROUNDS):
        turn = everybody if number % 2 == 0 else everybody[::-1]
        found.append({one.title: one.ask(verb, threads) for one in turn})
    return found


def table(title, found):
    ours = {one["precision"]: name for name, one in found[0].items() if name.startswith("ours")}
    print(f"\n{title}\n{'':46}{'prompts/s':>10}{'per CPU-s':>10}{'tokens/prompt':>14}{'peak MB':>8}"
          f"  {'ours/theirs, wall':22}CPU")
    for name, first in sorted(found[0].items(), key=lambda pair: (pair[1]["precision"], pair[0])):
        row = (f"{name:46}{median(found, name, lambda one: one['prompts'] / one['seconds']):10.2f}"
               f"{median(found, name, lambda one: one['prompts'] / one['cpu_seconds']):10.2f}"
               f"{median(found, name, lambda one: one['tokens_computed'] / one['prompts']):14.1f}"
               f"{median(found, name, lambda one: one['peak_mb']):8.0f}")
        rival = ours.get(first["precision"])
        if rival and rival != name:
            ratios = [ratio(found, rival, name, clock) for clock in ("seconds", "cpu_seconds")]
            row += f"  {ratios[0]:22}{ratios[1]}"
        print(row)


def median(found, name, value):
    return statistics.median(value(some[name]) for some in found)


def ratio(found, ours, theirs, clock):
    rate = lambda result: result["prompts"] / result[clock]
    all_rounds = [rate(some[ours]) / rate(some[theirs]) for some in found]
    return f"{statistics.median(all_rounds):.2f} ({min(all_rounds):.2f} to {max(all_rounds):.2f})"


def agree(everybody):
    """Log-probabilities of options against those of transformers in f32; ends when they differ."""
    right, *others = [(one, one.ask("check", os.cpu_count())["levels"]) for one in everybody]
    far = []
    print(f"Largest difference of option log-probabilities from transformers f32, {len(right[1])} prompts:")
    for one, levels in others:
        pairs = zip(itertools.chain(*levels), itertools.chain(*right[1]), strict=True)
        difference = max(abs(a - b) for a, b in pairs)
        print(f"  {one.title:46}{difference:.1e}")
        if not difference < TOLERANCE[one.precision]:
            far.append(one.title)
    if far:
        sys.exit(f"too far: {', '.join(far)}; {TOLERANCE} are allowed")


def main():
    verb, *rest = sys.argv[1:]
    if verb == "prepare":
        prepare(Path(rest[0]), Path(rest[1]))
    elif verb == "compare":
        compare(Path(rest[0]), Path(rest[1]), rest[2])
    else:
        name, what, work, file, threads = rest
        lines = [json.loads(line) for line in Path(file).read_text().splitlines()]
        do = {"score": score, "check": check, "train": train}[what]
        print(json.dumps(do(name, Path(work), lines, int(threads))))


if __name__ == "__main__":
    main()
