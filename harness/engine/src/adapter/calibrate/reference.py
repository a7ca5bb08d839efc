"""Vector scaling by scipy: python reference.py > reference.json"""

import json

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

random = np.random.default_rng(12)
cases = []
for people, levels, penalty in [(12, 5, 0.3), (30, 2, 0.01), (8, 7, 3.0), (40, 3, 0.001)]:
    logs = log_softmax(random.normal(size=(people, levels)) * 2, axis=1)
    answers = random.integers(0, levels, size=people)

    def value(theta):
        scaled = log_softmax(theta[0] * logs + theta[1:], axis=1)
        far = (theta[0] - 1) ** 2 + (theta[1:] ** 2).sum()
        return -scaled[np.arange(people), answers].sum() + people * penalty / 2 * far

    start = np.r_[1.0, np.zeros(levels)]
    bounds = [(0, None)] + [(None, None)] * levels
    found = minimize(value, start, bounds=bounds, method="L-BFGS-B", tol=1e-15,
                     options={"maxiter": 10000, "ftol": 1e-15, "gtol": 1e-10})
    cases.append({
        "log_probabilities": np.round(logs, 12).tolist(), "answers": answers.tolist(),
        "penalty": penalty, "theta": found.x.tolist(), "value": found.fun,
    })
print(json.dumps(cases))
