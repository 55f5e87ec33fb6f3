# Scores of lists of recommendations by whole matrices in NumPy 1.24 (Debian: python3-numpy), and NDCG of the
# whole list by scikit-learn 1.2.1's ndcg_score (python3-sklearn):
#   /usr/bin/python3 recommendation.py > recommendation.json
import json
import numpy as np
from sklearn.metrics import ndcg_score

rng = np.random.default_rng(5)
cases = []
for i in range(40):
    items = int(rng.integers(2, 30))
    k = int(rng.integers(1, 12))
    order = rng.permutation(items)
    relevant = rng.random(items) < rng.choice([0.1, 0.4, 0.9])
    relevant[rng.integers(items)] = True
    top = min(k, items)
    hit = relevant[order[:top]].astype(float)
    places = np.arange(1, top + 1)
    n = int(relevant.sum())
    c = {
        "list": order.tolist(),
        "relevant": np.flatnonzero(relevant).tolist(),
        "k": k,
        "recall": hit.sum() / n,
        "precision": hit.sum() / k,
        "ndcg": (hit / np.log2(places + 1)).sum() / (1 / np.log2(np.arange(min(k, n)) + 2)).sum(),
        "ap": (np.cumsum(hit) / places * hit).sum() / min(k, n),
        "rr": (hit / places).max(),
        "hit": hit.max(),
        "whole": ndcg_score(relevant[None].astype(float), -np.argsort(order)[None].astype(float), k=k),
    }
    cases.append({a: float(b) if isinstance(b, (float, np.floating)) else b for a, b in c.items()})
json.dump(cases, __import__("sys").stdout, separators=(",", ":"))
print()
