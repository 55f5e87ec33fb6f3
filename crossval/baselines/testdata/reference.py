"""Makes reference.json: what scikit-learn's models score where the tests of package
baselines fit theirs.

Python 3.11, scikit-learn 1.2.1, NumPy 1.24:
    python3 reference.py > reference.json

The mean over 2 times stratified 10-fold of the accuracy, or over 2 times 10-fold
of R2. Folds are scikit-learn's, so that the numbers agree with ours only as far
as the choice of folds lets them.
"""
import json
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier,
                              RandomForestRegressor)
from sklearn.linear_model import ElasticNetCV, LinearRegression, LogisticRegressionCV, RidgeCV
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.filterwarnings("ignore")  # KBinsDiscretizer on small bins

classifiers = {
    "majority": DummyClassifier(strategy="most_frequent"),
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=np.logspace(-4, 4, 9), scoring="neg_log_loss", max_iter=1000)),
    "k-nearest neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier(5)),
    # scikit-learn has no ID3: the nearest to it is a binary entropy tree on the same kind of bins.
    "golearn ID3": make_pipeline(KBinsDiscretizer(3, encode="onehot-dense", strategy="quantile"),
                              DecisionTreeClassifier(criterion="entropy", min_samples_split=5, random_state=0)),
    "golearn tree": DecisionTreeClassifier(random_state=0),
    "golearn forest": RandomForestClassifier(40, random_state=0),
    "random forest": RandomForestClassifier(random_state=0),
    "boosted trees": HistGradientBoostingClassifier(random_state=0),
}
regressors = {
    "mean": DummyRegressor(),
    "linear regression": LinearRegression(),
    "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 6, 19))),
    "elastic net": make_pipeline(StandardScaler(), ElasticNetCV(l1_ratio=[0.1, 0.5, 1])),
    "k-nearest neighbours": make_pipeline(StandardScaler(), KNeighborsRegressor(5)),
    "golearn tree": DecisionTreeRegressor(max_depth=5, random_state=0),
    "golearn forest": RandomForestRegressor(40, max_features=1 / 3, random_state=0),
    "random forest": RandomForestRegressor(random_state=0),
    "boosted trees": HistGradientBoostingRegressor(random_state=0),
}

out = {}
for name, load in (("iris", load_iris), ("wine", load_wine), ("breast cancer", load_breast_cancer)):
    x, y = load(return_X_y=True)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=2, random_state=0)
    out[name] = {k: cross_val_score(m, x, y, cv=folds, scoring="accuracy").mean() for k, m in classifiers.items()}
x, y = load_diabetes(return_X_y=True, scaled=False)
folds = RepeatedKFold(n_splits=10, n_repeats=2, random_state=0)
out["diabetes"] = {k: cross_val_score(m, x, y, cv=folds, scoring="r2").mean() for k, m in regressors.items()}
print(json.dumps(out, indent=1))
