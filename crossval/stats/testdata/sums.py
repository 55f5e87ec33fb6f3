"""Makes sums.json: exact distributions of BLEU's difference between two systems, by enumeration.

    /usr/bin/python3 sums.py > sums.json

Sentences are made up: counts of matching and of all runs of 1 to 4 words, and the numbers of words
of the translation and of the reference, as in SacreBLEU's statistics. Only NumPy is used; BLEU is
written down anew, without smoothing, as no count is 0.

- exchange: P of approximate randomization over all 2^10 exchanges of rows, and all 2^4 of clusters;
- draws: the distribution of the difference over all 5^5 draws of the first five rows: the share
  below and above 0, P of the differences moved to a mean of 0, and quantiles;
- clusters: the same over all 4^4 draws of four clusters of the ten rows.
"""
import itertools
import json

import numpy as np

g = np.random.default_rng(6)
lengths = g.integers(12, 30, 10)


def system(quality):
    rows = []
    for n in lengths:
        total = n - np.arange(4)
        match = np.maximum(g.binomial(total, quality ** np.arange(1, 5)), 1)
        rows.append(np.concatenate([np.minimum.accumulate(match), total, [n, n + g.integers(-1, 3)]]))
    return np.array(rows, dtype=float)


def bleu(s):
    logs = np.log(s[..., 0:4] / s[..., 4:8]).mean(-1)
    brevity = np.minimum(0, 1 - s[..., 9] / s[..., 8])
    return 100 * np.exp(logs + brevity)


first, second = system(0.82), system(0.8)
of = [0, 0, 1, 2, 2, 2, 3, 3, 1, 0]


def by_cluster(rows):
    return np.array([rows[[i for i, c in enumerate(of) if c == k]].sum(0) for k in range(4)])


def exchange(a, b):
    ways = np.array(list(itertools.product([0, 1], repeat=len(a))))
    d = bleu((a.sum(0) + ways @ (b - a))) - bleu((b.sum(0) + ways @ (a - b)))
    estimate = bleu(a.sum(0)) - bleu(b.sum(0))
    return {"estimate": estimate, "p": float((np.abs(d) >= abs(estimate) - 1e-9).mean())}


def draws(a, b):
    n = len(a)
    rows = np.array(list(itertools.product(range(n), repeat=n)))
    d = bleu(a[rows].sum(1)) - bleu(b[rows].sum(1))
    estimate = bleu(a.sum(0)) - bleu(b.sum(0))
    return {
        "estimate": estimate, "won": float((d > 0).mean() + (d == 0).mean() / 2), "std": float(d.std()),
        "p": float((np.abs(d - d.mean()) >= abs(estimate)).mean()), "sorted": [round(v, 8) for v in sorted(d.tolist())],
    }


print(json.dumps({
    "first": first.tolist(), "second": second.tolist(), "clusters": of,
    "exchange": exchange(first, second), "exchange_clusters": exchange(by_cluster(first), by_cluster(second)),
    "draws": draws(first[:5], second[:5]), "draws_clusters": draws(by_cluster(first), by_cluster(second)),
}))
