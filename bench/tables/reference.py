# scikit-learn's models on the tables and folds that the command tables has written:
#   /usr/bin/python3 bench/tables/reference.py bench/tables/results [NAME,NAME...]
# (Debian: python3-sklearn 1.2.1, python3-pandas). One file for each fit, so that a
# run goes on where it was stopped. Preprocessing as in the comparison's notes: codes
# for HistGradientBoosting, which takes missing values itself; for the others the
# median and standardised numbers, and one-hot categories with rare ones pooled. Every
# fold has a random state of its own, as one for all is luck or the lack of it in all.
import json
import os
import sys
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (HistGradientBoostingClassifier, HistGradientBoostingRegressor,
                              RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score, roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

warnings.filterwarnings("ignore")
out = sys.argv[1]
only = sys.argv[2].split(",") if len(sys.argv) > 2 else None


def models(numbers, categories, classify, seed):
    wide = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
        (make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"),
                       OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)), categories))
    codes = make_column_transformer((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), categories), remainder="passthrough")
    if classify:
        return {"sklearn HGB": make_pipeline(codes, HistGradientBoostingClassifier(random_state=seed)),
                "sklearn RF": make_pipeline(wide, RandomForestClassifier(random_state=seed)),
                "sklearn linear": make_pipeline(wide, LogisticRegressionCV(Cs=10, cv=5, max_iter=1000)),
                "sklearn MLP": make_pipeline(wide, MLPClassifier(random_state=seed, max_iter=500))}
    return {"sklearn HGB": make_pipeline(codes, HistGradientBoostingRegressor(random_state=seed)),
            "sklearn RF": make_pipeline(wide, RandomForestRegressor(random_state=seed)),
            "sklearn linear": make_pipeline(wide, RidgeCV(np.logspace(-3, 3, 13))),
            "sklearn MLP": TransformedTargetRegressor(make_pipeline(wide, MLPRegressor(random_state=seed, max_iter=500)), transformer=StandardScaler())}


for file in sorted(os.listdir(out)):
    if not file.endswith(".folds.json"):
        continue
    name = file[:-len(".folds.json")]
    if only and name not in only:
        continue
    f = json.load(open(f"{out}/{file}"))
    categories = f["Categories"] or []
    table = pd.read_csv(f"{out}/{name}.table.csv", dtype={c: str for c in categories + ([f["Target"]] if f["Task"] == "classify" else [])}, keep_default_na=False, na_values=[""])
    y = table.pop(f["Target"]).values
    for c in categories:
        table[c] = table[c].astype(object).where(table[c].notna(), None)
    numbers = [c for c in table if c not in categories]
    for seed, tests in enumerate(f["Tests"]):
        for fold, test in enumerate(tests):
            train = np.setdiff1d(np.arange(len(y)), test)
            for model, p in models(numbers, categories, f["Task"] == "classify", 1000 * seed + fold).items():
                path = f"{out}/{name}.{model.replace(' ', '-')}.{seed}.{fold}.json"
                if os.path.exists(path):
                    continue
                result = {"Table": name, "Model": model, "Seed": seed, "Fold": fold, "Rows": len(test), "Scores": {}}
                begin = time.time()
                try:
                    p.fit(table.iloc[train], y[train])
                    got = p.predict(table.iloc[test])
                    result["Seconds"] = time.time() - begin
                    if f["Task"] == "classify":
                        proba = p.predict_proba(table.iloc[test])
                        result["Scores"]["accuracy"] = accuracy_score(y[test], got)
                        result["Scores"]["log loss"] = log_loss(y[test], proba, labels=p.classes_)
                        if len(p.classes_) == 2:
                            result["Scores"]["ROC AUC"] = roc_auc_score(y[test], proba[:, 1])
                    else:
                        result["Scores"]["R2"] = r2_score(y[test], got)
                        result["Scores"]["RMSE"] = mean_squared_error(y[test], got) ** 0.5
                except Exception as e:
                    result["Seconds"], result["Error"] = time.time() - begin, str(e)[:200]
                json.dump(result, open(path + ".part", "w"))
                os.rename(path + ".part", path)
                print(name, model, seed, fold, result["Scores"], round(result["Seconds"], 1), result.get("Error", ""), flush=True)
