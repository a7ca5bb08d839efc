"""Rebuilds participants.csv of vote-1996 from the Python package statsmodels.

Usage, in a fresh virtual environment (Python 3.11 or later):

    python -m venv venv
    venv/bin/pip install statsmodels==0.15.0 pandas==3.1.1
    venv/bin/python rebuild.py [OUTPUT]

OUTPUT defaults to participants.csv beside this script. The script reads the table that the
package installs and opens no connection. It stops with a message when any figure differs.
"""

import csv
import hashlib
import importlib.metadata
import io
import pathlib
import sys

from statsmodels.datasets import anes96

VERSION = "0.15.0"
SHA256 = "5ebfa96a6228f2ff689b63bd73ca59125c1fef1e90a4c8dcba3f7ae5e075415d"
COLUMNS = [
    "age", "age_band", "educ", "income", "TVnews", "PID", "party3",
    "selfLR", "ClinLR", "DoleLR", "vote",
]
TAKEN = ["age", "educ", "income", "TVnews", "PID", "selfLR", "ClinLR", "DoleLR", "vote"]


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got}, expected {want}")


def age_band(age):
    for upper, band in ((30, "18-29"), (45, "30-44"), (60, "45-59")):
        if age < upper:
            return band
    return "60+"


def party3(pid):
    """Strong and weak identifiers make the two parties, leaners count as independents."""
    return "D" if pid <= 1 else "R" if pid >= 5 else "I"


def counts(column):
    return [int(n) for n in column.value_counts().sort_index()]


def main():
    expect("version of statsmodels", importlib.metadata.version("statsmodels"), VERSION)
    table = anes96.load_pandas().data
    expect("source rows", len(table), 944)
    expect("missing cells", int(table.isna().sum().sum()), 0)
    expect("cells that are no whole number", int((table[TAKEN] % 1 != 0).sum().sum()), 0)
    table = table[TAKEN].astype(int)
    expect("vote", counts(table["vote"]), [551, 393])
    expect("selfLR", counts(table["selfLR"]), [16, 103, 147, 256, 170, 218, 34])
    expect("ClinLR", counts(table["ClinLR"]), [109, 317, 236, 160, 67, 36, 19])
    expect("DoleLR", counts(table["DoleLR"]), [13, 31, 43, 87, 195, 460, 115])
    expect("PID", counts(table["PID"]), [200, 180, 108, 37, 94, 150, 175])
    expect("educ", counts(table["educ"]), [13, 52, 248, 187, 90, 227, 127])
    expect("levels of income", table["income"].nunique(), 24)
    expect("age", (int(table["age"].min()), int(table["age"].max())), (19, 91))
    to_clinton = (table["selfLR"] - table["ClinLR"]).abs()
    to_dole = (table["selfLR"] - table["DoleLR"]).abs()
    untied = to_clinton != to_dole
    differs = (to_dole < to_clinton).astype(int) != table["vote"]
    expect("nearer to one candidate", int(untied.sum()), 817)
    expect("of these, vote for the other", int((untied & differs).sum()), 101)

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table.itertuples():
        writer.writerow([
            row.age, age_band(row.age), row.educ, row.income, row.TVnews, row.PID,
            party3(row.PID), row.selfLR, row.ClinLR, row.DoleLR, row.vote,
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
