# Transforms by scikit-learn (Debian: python3-sklearn 1.2):
#   /usr/bin/python3 make.py > sklearn.json
import json
import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

rng = np.random.default_rng(5)
train = rng.normal(size=(23, 4)) * [1, 100, 1e-3, 1] + [0, 5, 1e3, 0]
train[:, 3] = 7  # without spread
other = rng.normal(size=(5, 4)) * [1, 100, 1e-3, 1] + [0, 5, 1e3, 7]
gaps = np.round(rng.normal(size=(23, 3)), 1)
gaps[rng.random(gaps.shape) < 0.3] = np.nan
codes = rng.integers(0, 3, size=(6, 1))
low, high = np.quantile(train, [0.1, 0.8], axis=0)


def imputed(strategy, **more):
    return SimpleImputer(strategy=strategy, **more).fit(gaps).transform(gaps).tolist()


print(json.dumps({
    "train": train.tolist(), "other": other.tolist(), "codes": codes.tolist(),
    "gaps": [[None if np.isnan(v) else v for v in r] for r in gaps],
    "standardize": StandardScaler().fit(train).transform(other).tolist(),
    "minmax": MinMaxScaler().fit(train).transform(other).tolist(),
    "minmax -1 2": MinMaxScaler((-1, 2)).fit(train).transform(other).tolist(),
    "robust": RobustScaler().fit(train).transform(other).tolist(),
    "clip": np.clip(other, low, high).tolist(),
    "median": imputed("median"), "mean": imputed("mean"), "most frequent": imputed("most_frequent"),
    "constant": imputed("constant", fill_value=-3),
    "onehot": OneHotEncoder(categories=[[0, 1, 2]], sparse_output=False).fit_transform(codes).tolist(),
    "onehot first": OneHotEncoder(categories=[[0, 1, 2]], drop="first", sparse_output=False).fit_transform(codes).tolist(),
}))
