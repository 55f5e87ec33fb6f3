# Scores by scikit-learn 1.2.1 (Debian: python3-sklearn):
#   /usr/bin/python3 make.py > sklearn.json
# ECE and the Brier score of more than two classes are not in scikit-learn: NumPy, by their definitions.
import json
import warnings
import numpy as np
import sklearn.metrics as m

warnings.filterwarnings("ignore")
rng = np.random.default_rng(11)
labels, binary, multi, regression = [], [], [], []
for i in range(24):
    k = 2 if i % 2 == 0 else int(rng.integers(3, 6))
    n = int(rng.integers(3, 60))
    want = rng.integers(0, k, n)
    got = np.where(rng.random(n) < 0.6, want, rng.integers(0, k, n))
    if i % 6 == 4:
        got[:] = 0  # one class predicted
    if i % 6 == 5:
        want[want == k - 1] = 0  # an absent class
    c = {"want": want.tolist(), "got": got.tolist(), "classes": k}
    c["accuracy"] = m.accuracy_score(want, got)
    c["balanced"] = m.balanced_accuracy_score(want, got)
    c["mcc"] = m.matthews_corrcoef(want, got)
    c["kappa"] = m.cohen_kappa_score(want, got)
    c["confusion"] = m.confusion_matrix(want, got, labels=range(k)).tolist()
    for avg in ["macro", "micro", "weighted"] + (["binary"] if k == 2 else []):
        for name, f in (("precision", m.precision_score), ("recall", m.recall_score), ("f1", m.f1_score)):
            c[name + "_" + avg] = f(want, got, average=avg, zero_division=0)
    labels.append({k2: (v if not isinstance(v, float) or np.isfinite(v) else None) for k2, v in c.items()})
for i in range(16):
    n = int(rng.integers(4, 60))
    want = rng.integers(0, 2, n)
    want[:2] = [0, 1]
    score = rng.random(n) * 0.6 + 0.4 * want * rng.random(n)
    if i % 2:
        score = np.round(score, 1)  # ties
    f, t, _ = m.roc_curve(want, score, drop_intermediate=False)
    p, r, _ = m.precision_recall_curve(want, score)
    proba = np.stack([1 - score, score], 1)
    binary.append({"want": want.tolist(), "score": score.tolist(), "auc": m.roc_auc_score(want, score), "fpr": f.tolist(), "tpr": t.tolist(),
                   "precision": p.tolist(), "recall": r.tolist(), "ap": m.average_precision_score(want, score), "brier": m.brier_score_loss(want, score),
                   "logloss": m.log_loss(want, proba)})
for i in range(16):
    k, n = int(rng.integers(3, 7)), int(rng.integers(20, 60))
    want = rng.integers(0, k, n)
    want[:k] = range(k)
    z = rng.normal(size=(n, k)) + 1.5 * np.eye(k)[want]
    if i % 2:
        z = np.round(z)
    proba = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    conf, pred = proba.max(1), proba.argmax(1)
    bins = np.clip(np.ceil(conf * 15).astype(int) - 1, 0, 14)
    ece = sum(abs((pred == want)[bins == b].mean() - conf[bins == b].mean()) * (bins == b).mean() for b in range(15) if (bins == b).any())
    multi.append({"want": want.tolist(), "proba": proba.ravel().tolist(), "classes": k, "logloss": m.log_loss(want, proba, labels=range(k)),
                  "auc": m.roc_auc_score(want, proba, multi_class="ovr", average="macro"), "ece": ece,
                  "brier": float(((proba - np.eye(k)[want]) ** 2).sum(1).mean()),
                  "top": [m.top_k_accuracy_score(want, proba, k=j, labels=range(k)) for j in range(1, k)]})
for i in range(12):
    n = int(rng.integers(2, 50))
    want = rng.normal(size=n) * 10.0 ** rng.integers(-2, 3)
    got = want + rng.normal(size=n) * (1 + i % 3)
    regression.append({"want": want.tolist(), "got": got.tolist(), "mse": m.mean_squared_error(want, got), "rmse": m.mean_squared_error(want, got, squared=False),
                       "mae": m.mean_absolute_error(want, got), "median": m.median_absolute_error(want, got), "r2": m.r2_score(want, got),
                       "explained": m.explained_variance_score(want, got)})
tables, ranks, counts, quantiles = [], [], [], []
for i in range(12):
    n, k = int(rng.integers(2, 40)), int(rng.integers(1, 6))
    want = (rng.random((n, k)) < 0.35).astype(int)
    got = np.where(rng.random((n, k)) < 0.75, want, 1 - want)
    if i % 4 == 3:
        want[:, 0] = got[:, 0] = 0  # a label that is neither there nor predicted
    tables.append({"want": want.ravel().tolist(), "got": got.ravel().tolist(), "labels": k, "micro": m.f1_score(want, got, average="micro", zero_division=0) if k > 1 else m.f1_score(want[:, 0], got[:, 0], zero_division=0),
                   "each": [m.f1_score(want[:, j], got[:, j], zero_division=0) for j in range(k)],
                   "hamming": m.hamming_loss(want, got), "subset": m.accuracy_score(want, got)})
for i in range(12):
    n, k = int(rng.integers(3, 60)), int(rng.integers(2, 7))
    want = rng.integers(0, k, n)
    want[0], want[1] = 0, k - 1
    got = np.clip(want + rng.integers(-2, 3, n), 0, k - 1)
    ranks.append({"want": want.tolist(), "got": got.tolist(), "kappa": m.cohen_kappa_score(want, got, weights="quadratic"), "mae": m.mean_absolute_error(want, got)})
for i in range(8):
    n = int(rng.integers(2, 40))
    rate = np.exp(rng.normal(size=n) * 1.5)
    want = rng.poisson(rate)
    got = rate * np.exp(rng.normal(size=n) * 0.3)
    counts.append({"want": want.astype(float).tolist(), "got": got.tolist(), "deviance": m.mean_poisson_deviance(want, got)})
for i in range(8):
    n, levels = int(rng.integers(2, 40)), sorted(rng.random(int(rng.integers(1, 5))).tolist())
    want = rng.normal(size=n)
    got = np.sort(rng.normal(size=(n, len(levels))), 1)
    share = [float((want <= got[:, j]).mean()) for j in range(len(levels))]
    quantiles.append({"want": want.tolist(), "got": got.ravel().tolist(), "levels": levels, "share": share,
                      "pinball": float(np.mean([m.mean_pinball_loss(want, got[:, j], alpha=a) for j, a in enumerate(levels)])),
                      "coverage": float(np.mean([abs(s - a) for s, a in zip(share, levels)]))})
rankings = []
for i in range(10):
    want, got, groups, ndcg, ndcg3, mrr = [], [], [], [], [], []
    for g in range(int(rng.integers(1, 6))):
        n = int(rng.integers(2, 12))
        y = rng.integers(0, 4, n).astype(float) if i % 2 else np.eye(n)[int(rng.integers(0, n))]
        s = y + rng.normal(size=n) * 2
        if i % 4 > 1:
            s = np.round(s / 2)  # ties
        if i % 5 == 4 and g == 0:
            y[:] = 0  # nothing relevant
        ndcg.append(m.ndcg_score([y], [s], k=10))
        ndcg3.append(m.ndcg_score([y], [s], k=3))
        # of one relevant row, label ranking average precision is the reciprocal rank
        mrr.append(m.label_ranking_average_precision_score([y > 0], [s]) if (y > 0).sum() == 1 else None if (y > 0).any() else 0.0)
        want += y.tolist()
        got += s.tolist()
        groups += [7 * g + 3] * n
    order = rng.permutation(len(want))  # rows of a group need not be together
    rankings.append({"want": np.array(want)[order].tolist(), "got": np.array(got)[order].tolist(), "groups": np.array(groups)[order].tolist(),
                     "ndcg": float(np.mean(ndcg)), "ndcg3": float(np.mean(ndcg3)), "mrr": None if None in mrr else float(np.mean(mrr))})
sequences = []
for i in range(8):
    n, steps, k = int(rng.integers(2, 20)), int(rng.integers(1, 6)), int(rng.integers(2, 5))
    want, got = rng.integers(0, k, (n, steps)), rng.integers(0, k, (n, steps))
    got = np.where(rng.random((n, steps)) < 0.7, want, got)
    length = rng.integers(1, steps + 1, n)
    pad = np.arange(steps)[None, :] >= length[:, None]
    counted = ~pad
    sequences.append({"got": got.ravel().tolist(), "want": np.where(pad, -1, want).ravel().tolist(), "steps": steps,
                      "step": m.accuracy_score(want[counted], got[counted]),
                      "whole": m.accuracy_score([1] * n, ((want == got) | pad).all(1).astype(int))})
print(json.dumps({"sequences": sequences, "rankings": rankings, "tables": tables, "ranks": ranks, "counts": counts, "quantiles": quantiles, "labels": labels, "binary": binary, "multi": multi, "regression": regression}))
