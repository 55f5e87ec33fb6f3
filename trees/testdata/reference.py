"""Predictions of scikit-learn that reference_test.go holds the trees to.

Run with Debian 12's python3-sklearn (scikit-learn 1.2.1, NumPy 1.24):

    /usr/bin/python3 reference.py > reference.json

Trees of the forest are compared one at a time, on all rows and columns, since the
random numbers differ.
"""
import json

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

assert sklearn.__version__ == "1.2.1", sklearn.__version__
rng = np.random.RandomState(7)
n = 400
x = np.round(rng.randn(n, 4), 3)
x[:, 2] = rng.randint(0, 9, n)  # a category
x[:, 3] = np.round(x[:, 3])
score = 2 * x[:, 0] + np.sin(3 * x[:, 1]) + np.array([0, 2, -1, 0.5, 3, -2, 1, 0, -3])[x[:, 2].astype(int)]
y = np.round(score + 0.3 * rng.randn(n), 4)
missing = x.copy()
missing[rng.rand(n) < 0.15, 0] = np.nan
missing[rng.rand(n) < 0.1, 2] = np.nan
# Missing where training had none in the last rows, which are only predicted.
fit = 340
missing[350:, 1] = np.nan
weights = np.round(rng.uniform(0.2, 3, n), 2)
two = (score > 0).astype(int)
many = np.digitize(y, [-2, 0, 2])
counts = np.floor(np.exp(np.clip(score, -3, 2.5)))
fine = np.round(np.random.RandomState(1).randn(1500, 2), 6)  # more than 255 values
fine_y = np.round(np.sin(3 * fine[:, 0]) + fine[:, 1] ** 2, 6)

common = dict(early_stopping=False, max_iter=30)


def regression(data, target, weight=None, first=fit, **kw):
    m = HistGradientBoostingRegressor(**{**common, **kw})
    m.fit(data[:first], target[:first], sample_weight=None if weight is None else weight[:first])
    return m.predict(data).tolist()


def classes(data, target, weight=None, **kw):
    m = HistGradientBoostingClassifier(**{**common, **kw})
    m.fit(data[:fit], target[:fit], sample_weight=None if weight is None else weight[:fit])
    return m.predict_proba(data).ravel().tolist()


def nan(a):
    return [[None if np.isnan(v) else v for v in row] for row in a.tolist()]


cat = [False, False, True, False]
json.dump({
    "fit": fit, "x": nan(x), "missing": nan(missing), "y": y.tolist(), "weights": weights.tolist(),
    "two": two.tolist(), "many": many.tolist(), "counts": counts.tolist(),
    "fine": fine.tolist(), "fine_y": fine_y.tolist(),
    "boosted": {
        "regression": regression(x, y),
        "missing": regression(missing, y),
        "categories": regression(missing, y, categorical_features=cat),
        "weights": regression(missing, y, weights),
        "settings": regression(x, y, max_leaf_nodes=6, learning_rate=0.3, min_samples_leaf=5, l2_regularization=2.0, max_depth=3, max_bins=16),
        "poisson": regression(x, counts, loss="poisson"),
        "quantiles": regression(fine, fine_y, first=1500),
        "two": classes(x, two),
        "two, categories": classes(missing, two, categorical_features=cat),
        "two, weights": classes(missing, two, weights),
        "many": classes(missing, many),
        "many, categories": classes(missing, many, categorical_features=cat),
    },
    "exact": {
        "regression": DecisionTreeRegressor(random_state=0).fit(x[:fit, :2], y[:fit]).predict(x[:, :2]).tolist(),
        "min leaf": DecisionTreeRegressor(random_state=0, min_samples_leaf=7).fit(x[:fit, :2], y[:fit], sample_weight=weights[:fit]).predict(x[:, :2]).tolist(),
        "two": DecisionTreeClassifier(random_state=0, min_samples_leaf=10).fit(x[:fit, :2], two[:fit]).predict_proba(x[:, :2]).ravel().tolist(),
        "many": DecisionTreeClassifier(random_state=0, max_depth=4).fit(x[:fit, :2], many[:fit]).predict_proba(x[:, :2]).ravel().tolist(),
        "importance": DecisionTreeRegressor(random_state=0, min_samples_leaf=7).fit(x[:fit, :2], y[:fit]).feature_importances_.tolist(),
    },
}, __import__("sys").stdout)
