"""Counts of every experiment in this folder, made by pandas through the cards: facts.json.

Usage, in a virtual environment (Python 3.11 or later):

    python -m venv venv
    venv/bin/pip install pandas==3.1.1
    venv/bin/python facts.py            # writes facts.json
    venv/bin/python facts.py --check    # compares with facts.json, writes nothing

facts.json is a second opinion for tests of the loader: it shares no code with it. The script stops
with a message when a table and its card do not agree. A count without a level is a count of people.
"""

import hashlib
import json
import pathlib
import sys
import tomllib

import pandas

HERE = pathlib.Path(__file__).parent
# Figures that are known from elsewhere: (people with an implied action, of these act otherwise).
KNOWN_OFFSETS = {"disclosure": (929, 229), "vote-1996": (817, 101)}


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got}, expected {want}")


def read(folder):
    """Card and table of an experiment; the form of the file, its hash and its size are checked."""
    card = tomllib.loads((folder / "experiment.toml").read_text(encoding="utf-8"))
    table = card["table"]
    data = (folder / table["file"]).read_bytes()
    name = folder.name
    expect(f"{name}: id", card["id"], name)
    expect(f"{name}: SHA-256", hashlib.sha256(data).hexdigest(), table["sha256"])
    lines = data.split(b"\n")
    expect(f"{name}: text after the last line end", lines.pop(), b"")
    expect(f"{name}: lines with white space at the end",
           [i for i, line in enumerate(lines, 1) if line != line.rstrip()], [])
    people = pandas.read_csv(folder / table["file"], dtype=str, keep_default_na=False)
    expect(f"{name}: rows", len(people), table["rows"])
    if "exclusions" in card:
        left_out = card["exclusions"]
        expect(f"{name}: source rows", left_out["source_rows"], left_out["rows"] + len(people))
    return card, people


def column_of(entry):
    return entry.get("column", entry["id"])


def cells(people, entry, missing):
    """The cells of a covariate or item without the missing ones."""
    column = people[column_of(entry)]
    return column[~column.isin(missing)]


def counts(name, column, codes):
    """People per code, in the card's order; a code that the card does not list is an error."""
    expect(f"{name}: codes that the card does not list", sorted(set(column) - set(codes)), [])
    return {code: int((column == code).sum()) for code in codes}


def values(people, item):
    """Each participant's number of an item."""
    numbers = {
        level["code"]: level.get("value", position)
        for position, level in enumerate(item["levels"], 1)
    }
    return people[column_of(item)].map(numbers)


def implied(people, items, rule):
    """The level code that the beliefs imply, or None."""
    if rule["rule"] == "linear":
        total = 0.0
        for term in rule["terms"]:
            numbers = values(people, items[term["item"]])
            total = total + term["weight"] * (numbers - rule["centre"])
        tie = {"excluded": None}.get(rule["tie"], rule.get(rule["tie"]))
        return total.map(
            lambda v: rule["positive"] if v > 0 else rule["negative"] if v < 0 else tie
        )
    own = values(people, items[rule["own"]])
    levels = [candidate["level"] for candidate in rule["candidates"]]
    distances = [(own - values(people, items[c["item"]])).abs() for c in rule["candidates"]]

    def nearest(row):
        near = [level for level, d in zip(levels, row) if d == min(row)]
        return near[0] if len(near) == 1 else None

    return pandas.Series([nearest(row) for row in zip(*distances)], index=people.index)


def facts(folder):
    card, people = read(folder)
    name = folder.name
    missing = card["table"].get("missing", [""])
    items = {item["id"]: item for item in card["item"]}
    covariates = card.get("covariate", [])
    arms = card.get("arm", [])
    arm = card["table"].get("arm")
    used = {column_of(entry) for entry in [*covariates, *items.values()]}
    used |= set(card["table"].get("unused", [])) | ({arm} if arm else set())
    expect(f"{name}: columns", sorted(people.columns), sorted(used))

    found = {"rows": len(people), "sha256": card["table"]["sha256"], "arms": {}}
    if arm:
        by_code = counts(f"{name}: arm", people[arm], [a["code"] for a in arms])
        found["arms"] = {a["id"]: by_code[a["code"]] for a in arms}
    for section, entries in (("items", items.values()), ("covariates", covariates)):
        found[section] = {
            e["id"]: counts(f"{name}: {e['id']}", cells(people, e, missing),
                            [level["code"] for level in e["levels"]])
            for e in entries if "levels" in e
        }
    found["numbers"] = {}
    for entry in covariates:
        if "levels" not in entry:
            numbers = cells(people, entry, missing).astype(float)
            found["numbers"][entry["id"]] = {
                "count": len(numbers),
                "min": float(numbers.min()),
                "max": float(numbers.max()),
                "mean": round(float(numbers.mean()), 6),
            }
    found["missing"] = {
        e["id"]: len(people) - len(cells(people, e, missing)) for e in [*covariates, *items.values()]
    }
    found["actions_by_arm"] = {
        item["id"]: {
            a["id"]: counts(f"{name}: {item['id']}", cells(people[people[arm] == a["code"]], item, missing),
                            [level["code"] for level in item["levels"]])
            for a in arms
        }
        for item in items.values() if item["role"] == "action"
    }
    beliefs = [column_of(item) for item in items.values() if item["role"] == "belief"]
    if beliefs:
        complete = people[beliefs][~people[beliefs].isin(missing).any(axis=1)]
        found["beliefs"] = {
            "complete": len(complete),
            "distinct_structures": len(complete.drop_duplicates()),
        }
    if "implied_action" in card:
        rule = card["implied_action"]
        says = implied(people, items, rule)
        has = says.notna()
        does = people[column_of(items[rule["action"]])]
        differs = int((has & (says != does)).sum())
        expect(f"{name}: implied and offset", (int(has.sum()), differs), KNOWN_OFFSETS[name])
        if "implied" in people.columns:
            expect(f"{name}: rows where the table's own rule differs",
                   int((says != people["implied"]).sum()), 0)
        found["implied_action"] = {
            "implied": int(has.sum()), "not_implied": int((~has).sum()), "offset": differs,
        }
    return found


def main():
    folders = sorted(path.parent for path in HERE.glob("*/experiment.toml"))
    found = {"experiments": {folder.name: facts(folder) for folder in folders}}
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    path = HERE / "facts.json"
    if sys.argv[1:] == ["--check"]:
        expect("facts.json is up to date", path.read_text(encoding="utf-8") == text, True)
    else:
        path.write_text(text, encoding="utf-8")
    print(f"{len(folders)} experiments agree with their cards")


if __name__ == "__main__":
    main()
