"""The other side of against_python.sh: the same scores of the same people at the same resamples in
numpy and scipy, and the same refits in statsmodels. Checks that both sides agree and prints times.

Usage: against_python.py FOLDER CARD THREADS, with OPENBLAS_NUM_THREADS=THREADS in the environment.
"""

import json
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
from scipy.spatial.distance import jensenshannon
from statsmodels.discrete.discrete_model import Logit

BELIEFS = ["benefit", "risk", "trust", "norm"]
ITEMS = {"benefit": 5, "risk": 5, "trust": 5, "norm": 5, "act": 2}
SPLITS, FLOOR = 20, 20  # the metric's usual settings
REFITS = 50  # statsmodels is slow: so many, scaled to all
LOOPS = 10  # resamples of the loop that is not vectorised, scaled to all


def main(folder: Path, card: dict, threads: int):
    ours = json.loads((folder / "times.json").read_text())
    resamples = ours["resamples"]
    human, simulated = (read(folder / f"{side}.csv") for side in ("human", "simulated"))
    weights = np.fromfile(folder / "weights.u16", "<u2").reshape(-1, 1 + resamples)
    people = People(human, simulated, card)
    own_slopes = np.fromfile(folder / "slopes.f64").reshape(resamples, -1, 2)

    differences = compare(distribution(people, weights), folder, resamples)
    scores = shortest(lambda: distribution(people, weights), 10)
    loop = shortest(lambda: by_loops(people, weights[:, :LOOPS]), 2) * resamples / LOOPS
    start = time.perf_counter()
    slopes = logits(human, weights[:, 1 : 1 + REFITS])
    refits = (time.perf_counter() - start) * resamples / REFITS
    assert np.allclose(slopes, own_slopes[:REFITS], rtol=1e-6, atol=1e-8)

    print(f"\n{len(human['act'])} people, {resamples} resamples, {len(people.groups)} groups; "
          f"BLAS of the other side on {threads} of {ours['cores']} cores")
    print(f"agreement: {differences}; {REFITS} refits to 1e-6")
    print(f"{'':44}{'ours s':>9}{'cores':>6}{'theirs s':>10}{'cores':>6}{'ratio':>8}")
    for name, own, cores, other, others in [
        ("distribution / numpy, vectorised", ours["distribution"], 1, scores, threads),
        ("the same, one per core at once", ours["distribution on all cores"], ours["cores"], scores, threads),
        (f"distribution / scipy in loops ({LOOPS} of them)", ours["distribution"], 1, loop, threads),
        (f"logit refits / statsmodels ({REFITS} of them)", ours["logit"], 1, refits, threads),
        ("the same", ours["logit on all cores"], ours["cores"], refits, threads),
    ]:
        print(f"{name:44}{own:9.4f}{cores:6}{other:10.3f}{others:6}{other / own:8.1f}")


def read(path: Path) -> dict:
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=int)
    return {name: table[name] for name in table.dtype.names}


class People:
    """Level indices of both sides, and the groups of the humans: (column, level) -> mask."""

    def __init__(self, human, simulated, card):
        first = {name: 0 if name == "act" else 1 for name in ITEMS}
        self.human = np.column_stack([human[name] - first[name] for name in ITEMS])
        self.simulated = np.column_stack([simulated[name] - first[name] for name in ITEMS])
        self.groups = {(None, None): np.ones(len(self.human), bool)}
        for code, arm in enumerate(card["arm"]):
            self.groups["arm", arm["id"]] = human["arm"] == code
        for covariate in card["covariate"]:
            for level in covariate["levels"]:
                members = human[covariate["id"]] == int(level["code"])
                self.groups[covariate["id"], level["label"]] = members


def one_hot(answers):
    """People x levels of all items."""
    return np.hstack([np.eye(k)[answers[:, i]] for i, k in enumerate(ITEMS.values())])


def of_items(counts):
    """Levels of all items x anything, item by item."""
    return np.split(counts, np.cumsum(list(ITEMS.values()))[:-1])


def distribution(people: People, weights) -> dict:
    """Everything that the metric reports: (score, item, column, level) -> values by weight index."""
    weights = weights.astype(float)
    levels = one_hot(people.human), one_hot(people.simulated)
    out = {}
    for group, members in people.groups.items():
        drawn = weights[members]
        human, simulated = (of_items(side[members].T @ drawn) for side in levels)
        by_item = [item_scores(*item) for item in zip(human, simulated)]
        names = by_item[0] if group == (None, None) else list(by_item[0])[:4]
        for score in names:
            values = [scores[score] for scores in by_item]
            for item, of_item in zip(ITEMS, values):
                out[score, item, *group] = of_item
            out[score, None, *group] = np.mean(values, axis=0)
    joint(people, weights, out)
    matched(people, levels, out)
    return out


def item_scores(human, simulated) -> dict:
    """Scores of one item: counts are levels x resamples."""
    n_human, n_simulated = human.sum(axis=0), simulated.sum(axis=0)
    p, q = human / n_human, simulated / n_simulated
    js = jensenshannon(p, q)
    observed = np.count_nonzero(human + simulated, axis=0)
    bias = (observed - 1) / 8 * (1 / n_human + 1 / n_simulated)
    cumulated = np.abs(np.cumsum(p - q, axis=0)[:-1])
    w1 = cumulated.sum(axis=0)
    return {
        "js_distance": js,
        "js_corrected": np.sqrt(np.maximum(0, js**2 - bias)),
        "total_variation": 0.5 * np.abs(p - q).sum(axis=0),
        "w1_normalised": w1 / len(cumulated),
        "js_distance_base2": js / np.sqrt(np.log(2)),
        "w1": w1,
        "ks": cumulated.max(axis=0),
    }


def joint(people: People, weights, out):
    """Distance of complete belief vectors, and that of two random halves of the humans."""
    vectors = np.vstack([people.human, people.simulated])[:, : len(BELIEFS)]
    codes = np.ravel_multi_index(vectors.T, [ITEMS[name] for name in BELIEFS])
    distinct, codes = np.unique(codes, return_inverse=True)
    human, simulated = np.split(np.eye(len(distinct))[codes], 2)
    everybody = ("js_joint", None, None, None)
    out[everybody] = jensenshannon(human.T @ weights, simulated.T @ weights)
    rows, half = draws(np.arange(len(human)), len(human) // 2)
    halves = [human[part].sum(axis=1) for part in (rows[:, :half], rows[:, half:])]
    out["js_joint_split_half", None, None, None] = jensenshannon(*halves, axis=1).mean(keepdims=True)


def matched(people: People, levels, out):
    """Subgroups at one size, less the distance of two halves of their humans."""
    columns = dict.fromkeys(column for column, _ in people.groups if column not in (None, "arm"))
    for column in columns:
        groups = {g: np.flatnonzero(m) for g, m in people.groups.items() if g[0] == column}
        half = min(len(m) for m in groups.values() if len(m) >= FLOOR) // 2
        excesses = []
        for group, members in groups.items():
            if len(members) < FLOOR:
                continue
            rows, _ = draws(members, half)
            own = of_items(levels[0][rows[:, :half]].sum(axis=1).T)
            others = [of_items(side[rows[:, half:]].sum(axis=1).T) for side in levels]
            to_humans, to_simulated = (
                np.mean([jensenshannon(*item) for item in zip(own, other)]) for other in others
            )
            excesses.append(to_simulated - to_humans)
            out["js_matched", None, *group] = np.array([to_simulated])
            out["js_split_half", None, *group] = np.array([to_humans])
            out["js_excess", None, *group] = excesses[-1:]
        out["js_worst", None, column, None] = np.array([max(excesses)])
        out["js_gap", None, column, None] = np.array([max(excesses) - min(excesses)])


def draws(members, half):
    """Random draws without replacement of two halves."""
    random = np.random.default_rng(149)
    rows = random.permuted(np.tile(members, (SPLITS, 1)), axis=1)
    return rows[:, : 2 * half], half


def by_loops(people: People, weights):
    """The scores of items as they are often written: one call per resample, group and item."""
    for drawn in weights.T:
        rows = np.repeat(np.arange(len(people.human)), drawn)
        human, simulated = people.human[rows], people.simulated[rows]
        for members in people.groups.values():
            inside = members[rows]
            for i, k in enumerate(ITEMS.values()):
                sides = (human[inside, i], simulated[inside, i])
                item_scores(*(np.bincount(side, minlength=k) for side in sides))


def logits(human, weights):
    """Coefficients and standard errors of refits on resampled rows."""
    factors = [human[name] for name in [*BELIEFS, "A", "B", "C"]]
    flags = [human["eth"] != 0, human["age"] == 0, human["fem"], human["edu"] == 2, human["pol"] == 0]
    design = np.column_stack([np.ones(len(human["act"])), *factors, *flags]).astype(float)
    fits = []
    for drawn in weights.T:
        rows = np.repeat(np.arange(len(design)), drawn)
        fit = Logit(human["act"][rows], design[rows]).fit(disp=0)
        fits.append(np.column_stack([fit.params, fit.bse]))
    return np.array(fits)


def compare(theirs: dict, folder: Path, resamples: int) -> str:
    """Every value against ours; those of random draws only roughly, for the draws differ."""
    rows = [tuple(row) for row in json.loads((folder / "rows.json").read_text())]
    values = np.fromfile(folder / "values.f64").reshape(len(rows), -1)
    random = ("js_joint_split_half", "js_matched", "js_split_half", "js_excess", "js_gap", "js_worst")
    assert set(rows) == set(theirs), set(rows) ^ set(theirs)
    compared, largest = 0, 0.0
    for row, own in zip(rows, values):
        other = theirs[row]
        if row[0] in random:
            assert abs(own[0] - other[0]) < 0.05, (row, own[0], other[0])
            continue
        assert other.shape == own.shape == (1 + resamples,), row
        compared += len(own)
        difference = np.abs(own**2 - other**2) if row[0] == "js_corrected" else np.abs(own - other)
        largest = max(largest, difference.max())
    assert largest < 1e-9, largest
    return f"{compared} values to {largest:.0e}"


def shortest(run, times: int) -> float:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), tomllib.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3]))
