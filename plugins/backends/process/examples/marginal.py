"""Answers with the pilot's smoothed frequencies, item by item: (c + 1/K) / (n + 1).

The whole protocol (docs/process-protocol.md) is in `frames` and `send`.
"""
import json
import sys

import pyarrow as pa


def frames():
    """Header and table of every frame, until the host has no more."""
    while line := sys.stdin.buffer.readline():
        header = json.loads(line)
        body = sys.stdin.buffer.read(header["body"])
        yield header, pa.ipc.open_stream(body).read_all() if body else None


def send(header, table=None):
    sink = pa.BufferOutputStream()
    if table is not None:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    body = sink.getvalue().to_pybytes()
    sys.stdout.buffer.write(json.dumps(header | {"body": len(body)}).encode() + b"\n" + body)
    sys.stdout.buffer.flush()


def learn(experiment, pilot):
    """For each item how likely its levels are."""
    shares = []
    for item in experiment["items"]:
        codes = [c for c in pilot[f"answer.{item['id']}"].to_pylist() if c is not None]
        levels = len(item["levels"])
        counts = [codes.count(level) for level in range(levels)]
        shares.append([(count + 1 / levels) / (len(codes) + 1) for count in counts])
    return shares


learned = {}  # by handle
for header, table in frames():
    match header["type"]:
        case "hello":
            send({"type": "hello", "protocol": 1, "name": "marginal.py", "version": "1"})
        case "adapt":
            learned[header["handle"]] = learn(header["experiment"], table)
            send({"type": "done", "call": header["call"]})
        case "respond":
            shares = learned[header["handle"]]
            answers = [shares[item] for item in table["item"].to_pylist()]
            columns = {"request_id": table["request_id"], "probabilities": answers}
            send({"type": "answers", "call": header["call"]}, pa.table(columns))
        case "release":
            del learned[header["handle"]]
        case "bye":
            break
