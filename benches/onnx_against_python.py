"""The other side of onnx_against_python.sh: the same graphs in onnxruntime's Python package, in a loop
that computes what all prompts share once and every prompt from there.

    onnx_against_python.py compare WORK INTERVIEWS OURS   # runs everybody in turn and prints tables
    onnx_against_python.py run PRECISION VERB WORK INTERVIEWS THREADS   # their side, one JSON line

WORK has the folders f32 and q8 that export.py wrote, and hf, one of them, for the words. INTERVIEWS is
as in llm_against_python.py. OURS is the command of our side, called as `OURS VERB MODEL INTERVIEWS
PRECISION THREADS`. VERB is `score` or `check`. Loading and tokenising are in no time of theirs,
tokenising is in ours.
"""

import itertools
import json
import os
import shlex
import statistics
import sys
from pathlib import Path

from llm_against_python import (
    Clock, Words, answer, common, log_probabilities, report, rounds, table,
)

PEOPLE = {"score": 16, "check": 3}
PRECISIONS = ("f32", "q8")
# Log-probabilities of options may differ so much: the graph is the same, the order of sums is not.
TOLERANCE = {"f32": 1e-3, "q8": 0.2}
GOAL = 2.5


class Loop:
    """Keys and values of the tokens that all prompts begin with, computed once."""

    def __init__(self, work: Path, precision: str, threads: int):
        import numpy
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.numpy = numpy
        self.session = onnxruntime.InferenceSession(
            str(work / precision / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.past = [i for i in self.session.get_inputs() if i.name.startswith("past")]
        self.outputs = ["logits", *(i.name.replace("past_key_values", "present") for i in self.past)]
        self.computed = 0

    def start(self, prompts):
        shared = prompts[0]
        for prompt in prompts:
            shared = shared[: common(shared, prompt)]
        # At least one token of each prompt is computed after it.
        self.length = min(len(shared), min(map(len, prompts)) - 1)
        empty = [self.numpy.zeros((1, i.shape[1], 0, i.shape[3]), "float32") for i in self.past]
        _, *self.shared = self.run(empty, 0, prompts[0][: self.length], [0], self.outputs)

    def run(self, past, before, tokens, columns, outputs):
        whole = lambda values: self.numpy.array([values], "int64")  # noqa: E731
        self.computed += len(tokens)
        feed = {
            "input_ids": whole(tokens), "attention_mask": whole([1] * (before + len(tokens))),
            "position_ids": whole(range(before, before + len(tokens))),
            "logit_positions": whole([len(tokens) - 1]),
            "logit_tokens": self.numpy.array(columns, "int64"),
            **{i.name: value for i, value in zip(self.past, past)},
        }
        return self.session.run(outputs, feed)

    def row(self, prompt, columns):
        logits = self.run(self.shared, self.length, prompt[self.length:], columns, ["logits"])
        return logits[0][0, 0]


def score(precision, work, interviews, threads):
    words, one = Words(work), Loop(work, precision, threads)
    prompts = [words.tokens(line["prompt"]) for line in interviews]
    columns = [words.tree(line["options"])[0][0][1] for line in interviews]
    one.start(prompts)
    one.row(prompts[0], columns[0])  # what is made at first use
    one.computed = 0
    with Clock() as clock:
        one.start(prompts)
        for prompt, tokens in zip(prompts, columns):
            one.row(prompt, tokens)
    name = f"onnxruntime in Python, {precision}"
    return report(name, precision, threads, len(prompts), one.computed, clock)


def check(precision, work, interviews, threads):
    words, one = Words(work), Loop(work, precision, threads)
    prompts = [words.tokens(line["prompt"]) for line in interviews]
    one.start(prompts)
    levels = []
    for line, prompt in zip(interviews, prompts):
        tree = words.tree(line["options"])
        rows = []
        for path, tokens in tree[0]:
            row = one.numpy.zeros(max(tokens) + 1)
            row[tokens] = one.row(prompt + path, tokens)
            rows.append(row)
        levels.append(log_probabilities(rows, tree))
    return {"levels": levels}


class Theirs:
    def __init__(self, work, precision):
        self.work, self.precision = work, precision
        self.title = f"onnxruntime in Python, {precision}"

    def ask(self, verb, threads):
        file = self.work / f"{verb}.jsonl"
        return answer([sys.executable, __file__, "run", self.precision, verb, self.work, file, threads])


class Ours:
    def __init__(self, work, command, precision):
        self.work, self.command, self.precision = work, command, precision
        self.title = f"ours {precision}"

    def ask(self, verb, threads):
        model, file = self.work / self.precision, self.work / f"{verb}.jsonl"
        return answer([*shlex.split(self.command), verb, model, file, self.precision, threads])


def compare(work: Path, file: Path, ours: str):
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    people = [list(group) for _, group in itertools.groupby(lines, lambda line: line["participant"])]
    for verb, count in PEOPLE.items():
        some = itertools.chain.from_iterable(people[:count])
        (work / f"{verb}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in some))
    everybody = [one for p in PRECISIONS for one in (Theirs(work, p), Ours(work, ours, p))]
    levels = {one.title: one.ask("check", os.cpu_count())["levels"] for one in everybody}
    for precision in PRECISIONS:
        pair = [levels[one.title] for one in everybody if one.precision == precision]
        far = max(abs(a - b) for a, b in zip(*map(itertools.chain.from_iterable, pair), strict=True))
        print(f"{precision}: option log-probabilities differ by {far:.1e} at most")
        if not far < TOLERANCE[precision]:
            sys.exit(f"too far: {TOLERANCE[precision]} is allowed")
    for threads in sorted({1, os.cpu_count()}):
        found = rounds(threads, everybody, "score")
        table(f"Scoring, {threads} threads, {len(found)} rounds", found)
        load = statistics.median(some[one.title]["load"] for some in found for one in everybody if "load" in some[one.title])
        print(f"  ours loads in {load:.2f} s (median)")
    print(f"\nThe goal is {GOAL} times their prompts a second. Theirs is the time of the logits after each prompt,\n"
          "ours also of where its options branch.")


def main():
    verb, *rest = sys.argv[1:]
    if verb == "compare":
        compare(Path(rest[0]), Path(rest[1]), rest[2])
    else:
        precision, what, work, file, threads = rest
        lines = [json.loads(line) for line in Path(file).read_text().splitlines()]
        print(json.dumps({"score": score, "check": check}[what](precision, Path(work), lines, int(threads))))


if __name__ == "__main__":
    main()
