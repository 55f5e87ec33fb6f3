"""Makes reference.json, the expected numbers of the tests of package crossval.

Python 3.11, scikit-learn 1.2.1, SciPy 1.10.1, NumPy 1.24:
    python3 reference.py > reference.json
"""
import json

import numpy as np
from scipy import stats
from sklearn import metrics
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

rng = np.random.default_rng(20260101)


def folds(splitter, y, groups=None):
    x = np.zeros((len(y), 1))
    return [test.tolist() for _, test in splitter.split(x, y, groups)]


def corrected(name, x, ratio, confidence=0.95):
    x = np.asarray(x, dtype=float)
    n = len(x)
    se = np.sqrt((1 / n + ratio) * np.var(x, ddof=1))
    t = x.mean() / se
    low, high = stats.t.interval(confidence, n - 1, loc=x.mean(), scale=se)
    return dict(name=name, x=x.tolist(), ratio=ratio, confidence=confidence, mean=x.mean(), se=se, t=t,
                p=2 * stats.t.sf(abs(t), n - 1), low=low, high=high)


out = {"folds": [], "ttest": [], "classify": [], "regress": []}

labels = {
    "two classes, sorted": [0] * 13 + [1] * 9,
    "second class first": [1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 2, 2, 2, 2, 0, 1],
    "random": rng.integers(0, 4, 67).tolist(),
}
for name, y in labels.items():
    for k in (2, 3, 4):
        out["folds"].append(dict(name=f"{name}, {k}", kind="stratified", k=k, y=y, folds=folds(StratifiedKFold(k), y)))
for n, k in ((10, 3), (11, 11), (20, 4)):
    out["folds"].append(dict(name=f"{n} rows, {k}", kind="kfold", k=k, y=[0] * n, folds=folds(KFold(k), [0] * n)))
for name, groups, k in (
    ("equal groups", [0, 0, 1, 1, 2, 2, 3, 3], 2),
    ("random groups", rng.integers(0, 12, 80).tolist(), 4),
    ("negative numbers", [-3, 5, 5, 5, -3, 9, 9, 1, 1, 1, 1, 7], 3),
):
    out["folds"].append(dict(name=name, kind="group", k=k, y=groups, folds=folds(GroupKFold(k), groups, groups)))

out["ttest"].append(corrected("small", [0.01, 0.02, -0.005, 0.03, 0.012], 0.25))
out["ttest"].append(corrected("10 times 10 folds", rng.normal(0.01, 0.03, 100), 1 / 9))
out["ttest"].append(corrected("no overlap", rng.normal(0.5, 1, 12), 0.0))
out["ttest"].append(corrected("90%", rng.normal(-0.2, 0.4, 30), 57 / 512, 0.90))
out["ttest"].append(corrected("two folds", [0.2, 0.3], 1.0))
no = out["ttest"][2]  # without overlap it is the ordinary test
assert np.allclose([no["t"], no["p"]], stats.ttest_1samp(no["x"], 0))


def classify(name, y, proba, classes):
    y, proba = np.asarray(y), np.asarray(proba)
    hat = proba.argmax(1)
    if classes == 2:
        auc = metrics.roc_auc_score(y, proba[:, 1])
    else:
        auc = metrics.roc_auc_score(y, proba, multi_class="ovr", average="macro")
    return dict(name=name, y=y.tolist(), proba=proba.ravel().tolist(), classes=classes, scores={
        "accuracy": metrics.accuracy_score(y, hat),
        "balanced accuracy": metrics.balanced_accuracy_score(y, hat),
        "log loss": metrics.log_loss(y, proba, labels=range(classes)),
        "ROC AUC": auc,
    })


def soft(n, k):
    p = rng.random((n, k))
    return p / p.sum(1, keepdims=True)


y = [0, 1, 1, 0, 1, 0, 0, 1, 1, 1]
out["classify"].append(classify("two classes", y, soft(10, 2), 2))
ties = np.round(soft(60, 1) * 0 + rng.random((60, 1)), 1)
out["classify"].append(classify("ties, zeros and ones", rng.integers(0, 2, 60), np.hstack([1 - ties, ties]), 2))
y = rng.integers(0, 3, 50)
out["classify"].append(classify("three classes", y, soft(50, 3), 3))

for name, n in (("ten", 10), ("hundred", 100)):
    y = rng.normal(3, 2, n)
    hat = y + rng.normal(0.1, 1, n)
    out["regress"].append(dict(name=name, y=y.tolist(), hat=hat.tolist(), scores={
        "RMSE": metrics.mean_squared_error(y, hat, squared=False),
        "MAE": metrics.mean_absolute_error(y, hat),
        "R2": metrics.r2_score(y, hat),
    }))

print(json.dumps(out))
