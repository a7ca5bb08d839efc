"""Whether two methods of a run answer alike where they were asked in the same words, or whether one
answers at all.

    python compare.py RESULTS NAME NAME MOST
    python compare.py RESULTS NAME

RESULTS is a folder of results with one run in it. A question is in the same words when the same person
gave the same answers before it. It fails when the mean of the total variation is above MOST, or when an
answer is none of the options."""

import collections
import json
import pathlib
import sys

import pyarrow.parquet as parquet


def answers(results, method):
    """Rows of a method, by experiment, size, seed and person."""
    rows = {}
    for file in sorted(pathlib.Path(results).glob("runs/*/cells/**/manifest.json")):
        manifest = json.loads(file.read_text())
        replicate = manifest["replicate"]
        if replicate["method"] != method:
            continue
        cell = (replicate["experiment"], replicate["size"], replicate["seed"])
        for row in parquet.read_table(file.parent / manifest["answers"]["file"]).to_pylist():
            rows[*cell, row["participant_id"]] = row
    return rows


def items(row):
    return [name.removeprefix("answer.") for name in row if name.startswith("answer.")]


def pairs(left, right):
    """Probabilities of both of every question that both were asked in the same words."""
    for person in sorted(left.keys() & right.keys()):
        a, b = left[person], right[person]
        for item in items(a):
            p, q = a[f"probability.{item}"], b[f"probability.{item}"]
            if p and q:
                yield (*person, item), p, q
            if a[f"answer.{item}"] != b[f"answer.{item}"]:
                break


def alone(results, method):
    rows = answers(results, method).values()
    said = collections.Counter(row[f"status.{item}"] for row in rows for item in items(row))
    print(f"{method}: " + ", ".join(f"{count} {status}" for status, count in sorted(said.items())))
    if set(said) != {"ok"}:
        sys.exit("  those that are not ok name no option")


def compare(results, one, other, most):
    left, right = answers(results, one), answers(results, other)
    asked = sum(len(items(row)) for row in left.values())
    found = list(pairs(left, right))
    if not found:
        sys.exit(f"{one} and {other}: no question was asked of both")
    differences = [abs(x - y) for _, p, q in found for x, y in zip(p, q, strict=True)]
    variations = [(sum(abs(x - y) for x, y in zip(p, q)) / 2, place) for place, p, q in found]
    mean = sum(variation for variation, _ in variations) / len(variations)
    worst, place = max(variations)
    same = sum(max(range(len(p)), key=p.__getitem__) == max(range(len(q)), key=q.__getitem__)
               for _, p, q in found)
    print(f"{one} and {other}: {len(found)} of {asked} questions in the same words, "
          f"{same} with the same likeliest answer")
    print(f"  difference of a probability: {sum(differences) / len(differences):.5f} in the mean, "
          f"{max(differences):.5f} at most")
    print(f"  total variation: {mean:.5f} in the mean, {worst:.5f} at most "
          f"({' '.join(map(str, place))})")
    if mean > float(most):
        sys.exit(f"  that is more than {most}")


if __name__ == "__main__":
    (alone if len(sys.argv) == 3 else compare)(*sys.argv[1:])
