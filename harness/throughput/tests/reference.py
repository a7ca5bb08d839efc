"""Reference values of the unit tests in src/spread.rs and src/latency.rs: numpy and scipy."""
import numpy as np
from scipy import stats

runs = np.array([10.0, 12.5, 9.0, 11.25, 10.75])
print("sd", repr(runs.std(ddof=1)))
print("half width", repr(stats.t.ppf(0.975, len(runs) - 1) * runs.std(ddof=1) / np.sqrt(len(runs))))

latencies = np.array([(i * i * 7) % 101 for i in range(37)], dtype=float)
print("p50, p90, p99", [float(q) for q in np.quantile(latencies, [0.5, 0.9, 0.99])])

factors = np.log(np.array([8.0, 10.0, 9.0, 12.0]))
half = stats.t.ppf(0.975, 3) * factors.std(ddof=1) / 2.0
print("factor", [float(np.exp(factors.mean() + d)) for d in (-half, 0.0, half)])
print(np.__version__, __import__("scipy").__version__)
