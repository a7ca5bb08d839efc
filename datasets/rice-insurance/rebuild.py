"""Rebuilds participants.csv of rice-insurance from the Python package causaldata.

Usage, in a fresh virtual environment (Python 3.11 or later):

    python -m venv venv
    venv/bin/pip install causaldata==0.1.5 statsmodels==0.15.0 pandas==3.1.1
    venv/bin/python rebuild.py [OUTPUT]

OUTPUT defaults to participants.csv beside this script. The script reads the table that the
package installs and opens no connection. It stops with a message when any figure differs.
"""

import csv
import hashlib
import importlib.metadata
import io
import math
import pathlib
import sys

import numpy
from causaldata import social_insure

VERSION = "0.1.5"
SHA256 = "118e8c8f0613d7d66e53820a5036c7db3560ca25634f2caa192cf04d064c23df"
COLUMNS = [
    "arm", "age", "age_band", "male", "agpop", "literacy", "ricearea_2010", "first_round_pct",
    "disaster_prob", "disaster_10", "risk_averse", "takeup_survey",
]


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got}, expected {want}")


def text(number):
    """Shortest decimal text of a number that was stored in single precision."""
    short = float(str(numpy.float32(number)))
    return str(int(short)) if short == int(short) else str(short)


def age_band(age):
    for upper, band in ((40, "18-39"), (50, "40-49"), (60, "50-59")):
        if age < upper:
            return band
    return "60+"


def bought_by(table, column):
    groups = table.groupby(column)["takeup_survey"]
    return {int(k): (int(v.sum()), len(v)) for k, v in groups}


def main():
    expect("version of causaldata", importlib.metadata.version("causaldata"), VERSION)
    source = social_insure.load_pandas().data
    expect("source rows", len(source), 1410)
    expect("source columns", len(source.columns), 13)
    missing = {k: int(n) for k, n in source.isna().sum().items() if n}
    expect("missing cells", missing,
           {"age": 4, "agpop": 6, "ricearea_2010": 9, "male": 3, "literacy": 21})
    expect("bought by first-round default, all rows", bought_by(source, "default"),
           {0: (300, 727), 1: (354, 683)})
    expect("villages", (source["address"].nunique(), source["village"].nunique()), (166, 44))
    for column in ("default", "pre_takeup_rate"):
        expect(f"{column} is constant inside each natural village",
               int(source.groupby("address")[column].nunique().max()), 1)
    expect("villages with both kinds of session",
           int((source.groupby("address")["intensive"].nunique() == 2).sum()), 160)

    table = source.dropna()
    expect("complete rows", len(table), 1378)
    expect("bought by first-round default", bought_by(table, "default"),
           {0: (296, 713), 1: (339, 665)})
    expect("bought by own session", bought_by(table, "intensive"), {0: (326, 706), 1: (309, 672)})
    expect("bought", int(table["takeup_survey"].sum()), 635)
    risk = {float(k): int(n) for k, n in table["risk_averse"].round(1).value_counts().items()}
    expect("risk aversion", risk, {0.0: 952, 0.2: 95, 0.4: 118, 0.6: 63, 0.8: 68, 1.0: 82})
    expect("distinct disaster probabilities", table["disaster_prob"].nunique(), 22)
    expect("disaster probabilities that are no multiple of ten",
           int((table["disaster_prob"] % 10 != 0).sum()), 26)

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table.itertuples():
        writer.writerow([
            f"d{int(row.default)}i{int(row.intensive)}",
            text(row.age),
            age_band(row.age),
            text(row.male),
            text(row.agpop),
            text(row.literacy),
            text(row.ricearea_2010),
            text(round(100 * row.pre_takeup_rate, 1)),
            text(row.disaster_prob),
            str(10 * math.floor(row.disaster_prob / 10 + 0.5)),
            text(round(row.risk_averse, 1)),
            str(int(row.takeup_survey)),
        ])
    data = out.getvalue().encode()
    digest = hashlib.sha256(data).hexdigest()
    expect("SHA-256 of the table", digest, SHA256)
    here = pathlib.Path(__file__).parent / "participants.csv"
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    path.write_bytes(data)
    print(digest)


if __name__ == "__main__":
    main()
