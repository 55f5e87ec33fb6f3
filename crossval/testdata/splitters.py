"""Makes splitters.json, folds of scikit-learn for the tests of package crossval.

Python 3.11, scikit-learn 1.2.1, NumPy 1.24:
    python3 splitters.py > splitters.json
"""
import json
import warnings

import numpy as np
from sklearn.model_selection import (
    LeaveOneGroupOut, LeaveOneOut, LeavePOut, PredefinedSplit, StratifiedGroupKFold, TimeSeriesSplit)

warnings.simplefilter("ignore")  # a class with fewer rows than folds
rng = np.random.default_rng(20261129)
out = []


def add(kind, splitter, n, y=None, groups=None, **args):
    x = np.zeros((n, 1))
    y = np.zeros(n, int) if y is None else y
    folds = [dict(train=a.tolist(), test=b.tolist()) for a, b in splitter.split(x, y, groups)]
    case = dict(kind=kind, n=n, labels=y.tolist(), folds=folds, **args)
    if groups is not None:
        case["groups"] = groups.tolist()
    out.append(case)


for _ in range(40):
    n, k = int(rng.integers(20, 60)), int(rng.integers(2, 6))
    test, gap = int(rng.integers(0, 4)), int(rng.integers(0, 5))
    window = int(rng.integers(0, 12))
    add("time", TimeSeriesSplit(k, max_train_size=window or None, test_size=test or None, gap=gap), n,
        k=k, test=test, gap=gap, window=window)
for n, p in ((7, 1), (6, 2), (6, 3), (5, 4)):
    add("out", LeaveOneOut() if p == 1 else LeavePOut(p), n, p=p)
for _ in range(10):
    n = int(rng.integers(5, 30))
    groups = rng.integers(-3, 4, n)
    add("group out", LeaveOneGroupOut(), n, groups=groups)
    fold = rng.integers(-1, 4, n)
    add("predefined", PredefinedSplit(fold), n, fold=fold.tolist())
for _ in range(120):
    n, k, classes = int(rng.integers(20, 90)), int(rng.integers(2, 6)), int(rng.integers(2, 5))
    groups = rng.integers(0, int(rng.integers(8, 40)), n)
    p = rng.dirichlet(np.ones(classes))
    y = rng.choice(classes, n, p=p)
    if len(set(groups)) < k or all(np.bincount(y)[np.unique(y)] < k) or len(set(y)) < 2:
        continue
    try:
        add("stratified group", StratifiedGroupKFold(k), n, y=y, groups=groups, k=k)
    except ValueError:
        continue
for case in out:
    assert case["folds"] and all(f["test"] for f in case["folds"] if case["kind"] != "stratified group")
print(json.dumps(out))
