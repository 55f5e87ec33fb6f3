"""Makes linear.json: what scikit-learn's linear models predict where the tests of
package baselines fit theirs.

Debian 12's python3-sklearn (scikit-learn 1.2.1, NumPy 1.24):
    /usr/bin/python3 linear.py > linear.json

The columns are standardised beforehand, so that preparing them changes nothing.
"""
import json

import numpy as np
import sklearn
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge, RidgeCV

assert sklearn.__version__ == "1.2.1", sklearn.__version__
rng = np.random.RandomState(3)
n, p = 60, 6
x = rng.randn(n, p)
x[:, 4] = x[:, 0] + 0.3 * rng.randn(n)
fit = 40
x = (x - x[:fit].mean(0)) / x[:fit].std(0)
y = x @ np.array([3.0, -2, 0.5, 0, 0, 0]) + rng.randn(n) + 5
two = (x[:, 0] + rng.randn(n) > 0).astype(int)
three = np.digitize(x[:, 0] + 0.5 * rng.randn(n), [-0.5, 0.5])
weights = np.round(rng.uniform(0.2, 2, n), 2)
strengths = np.logspace(-3, 6, 19)
collinear = np.column_stack([x[:, :3], x[:, 0] - 2 * x[:, 1], np.full(n, 7.0)])
wide = rng.randn(n, 80) * np.linspace(0.5, 3, 80)


def after(m, data=x, target=y, weight=None):
    return m.fit(data[:fit], target[:fit], sample_weight=weight).predict(data).tolist()


def proba(m, target, weight=None):
    return m.fit(x[:fit], target[:fit], sample_weight=weight).predict_proba(x).ravel().tolist()


def minimum_norm(data):
    # Not LinearRegression: with more columns than rows it keeps the singular value of
    # about 1e-13 that centring leaves, in place of 0, and its solution is not of
    # minimum norm.
    mean, m = data[:fit].mean(0), y[:fit].mean()
    coef = np.linalg.pinv(data[:fit] - mean, rcond=1e-12) @ (y[:fit] - m)
    return ((data - mean) @ coef + m).tolist()


exact = dict(tol=1e-12, max_iter=100000)
w = weights[:fit]
print(json.dumps({
    "fit": fit, "x": x.tolist(), "y": y.tolist(), "two": two.tolist(), "three": three.tolist(), "weights": weights.tolist(),
    "collinear": collinear.tolist(), "wide": wide.tolist(),
    "best_ridge": RidgeCV(strengths).fit(x[:fit], y[:fit]).alpha_,
    "predictions": {
        "least squares": after(LinearRegression()),
        "least squares, weights": after(LinearRegression(), weight=w),
        "collinear": after(LinearRegression(), collinear),
        "wide": minimum_norm(wide),
        "ridge": after(RidgeCV(strengths)),
        "ridge, weights": after(RidgeCV(strengths), weight=w / w.mean()),
        "ridge of 5": after(Ridge(5)),
        "elastic net": after(ElasticNet(0.3, l1_ratio=0.4, **exact)),
        "lasso": after(ElasticNet(0.5, l1_ratio=1, **exact)),
        "elastic net, weights": after(ElasticNet(0.3, l1_ratio=0.4, **exact), weight=w),
        "two": proba(LogisticRegression(C=0.5, **exact), two),
        "two, weights": proba(LogisticRegression(C=2, **exact), two, w / w.mean()),
        "three": proba(LogisticRegression(C=0.5, **exact), three),
    },
}))
