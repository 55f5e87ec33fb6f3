# A sweep of learning rates smoothed and read by NumPy (Debian: python3-numpy 1.24):
#   /usr/bin/python3 make_rates.py > rates.json
import json
import numpy as np

rng = np.random.default_rng(2)
steps, beta = 60, 0.8
rates = np.geomspace(1e-5, 5, steps)
x = np.log10(rates)
losses = 2.3 - 2.0 / (1 + np.exp(-4 * (x + 2))) + 0.9 * np.exp(3 * (x - 0.3)) + 0.08 * rng.standard_normal(steps)
mean = np.empty(steps)
m = 0.0
for i, v in enumerate(losses):
    m = beta * m + (1 - beta) * v
    mean[i] = m
smoothed = mean / (1 - beta ** np.arange(1, steps + 1))
slope = np.gradient(smoothed, np.log(rates))
lowest = int(np.argmin(smoothed))
first = steps // 10
at = first + int(np.argmin(slope[first:lowest + 1]))
print(json.dumps({"beta": beta, "rates": rates.tolist(), "losses": losses.tolist(), "smoothed": smoothed.tolist(), "suggestion": rates[at], "lowest": lowest, "at": at}))
