"""Compares package trees' models with scikit-learn's on real tables and the same folds.

    go build -o /tmp/opponents ./bench/opponents
    /usr/bin/python3 bench/opponents/opponents.py --tables FOLDER --child /tmp/opponents --threads 1

FOLDER has the CSV files of TABLES below. Both sides get the same columns: dates as year
and day of the year, texts of mostly different values left out, categories as codes.
HistGradientBoosting is told which columns are categories, as package trees is;
RandomForest gets codes, with medians for missing numbers and -1 for missing
categories, as package baselines prepares them.

Every fold is fitted by one library and then by the other, so that a machine that is
busy with other things slows down both; times are of fit and prediction. A run appends
a line for each fold to --out; --show prints the tables of what is there.

Debian 12: python3-sklearn 1.2.1, python3-pandas 1.5.3.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

# name: target, columns left out, dates, kind
TABLES = {
    "cars-mpg": ("Miles_per_Gallon", ["Name"], ["Year"], "regress"),
    "movies": ("IMDB Rating", ["Title"], ["Release Date"], "regress"),
    "carprices": ("Price", [], [], "regress"),
    "seattle-weather": ("weather", [], ["date"], "classify"),
    "churn": ("churn", [], [], "classify"),
    "attrition": ("Attrition", [], [], "classify"),
    "hpc": ("class", [], [], "classify"),
    "letters": ("lettr", [], [], "classify"),
    "glass": ("Type", [], [], "classify"),
    "cars-noname": ("Origin", [], ["Year"], "classify"),
    "pima": ("diabetes", [], [], "classify"),
    "penguins": ("Species", [], [], "classify"),
    "birdstrikes": ("Effect Amount of damage", [], ["Flight Date"], "classify"),
}
MODELS = ["boosted trees", "random forest"]


def load(folder, name):
    import numpy as np
    import pandas as pd

    target, drop, dates, kind = TABLES[name]
    d = pd.read_csv(os.path.join(folder, name + ".csv"), na_values=["?", ""], keep_default_na=True, low_memory=False)
    if target in d and kind == "classify":
        raw = pd.read_csv(os.path.join(folder, name + ".csv"), keep_default_na=False, dtype=str)[target]
        d[target] = raw.where(raw != "", None)
    d = d[d[target].notna()].reset_index(drop=True)
    columns, features = [], []
    for c in d.columns:
        if c == target or c in drop:
            continue
        v = d[c]
        if c in dates:
            when = pd.to_datetime(v, errors="coerce")
            for part, values in (("year", when.dt.year), ("day", when.dt.dayofyear)):
                columns.append(values.astype(float))
                features.append({"name": c + " " + part, "levels": None})
        elif v.dtype == object or v.dtype == bool:
            v = v.map(lambda x: x if isinstance(x, float) else str(x))
            if v.nunique() > 0.5 * len(v) or v.nunique() > 254:
                continue
            levels = sorted(v.dropna().unique())
            columns.append(v.map({l: i for i, l in enumerate(levels)}).astype(float))
            features.append({"name": c, "levels": levels})
        else:
            columns.append(v.astype(float))
            features.append({"name": c, "levels": None})
    x = np.column_stack(columns)
    if kind == "classify":
        classes = sorted(d[target].unique())
        return x, d[target].map({c: i for i, c in enumerate(classes)}).to_numpy(), features, classes
    return x, d[target].to_numpy(float), features, None


def write(path, x, y, features, classes):
    import numpy as np

    rows = [[None if np.isnan(v) else v for v in row] for row in x.tolist()]
    out = {"features": features, "classes": classes, "rows": rows}
    out["labels" if classes else "values"] = y.tolist()
    with open(path, "w") as f:
        json.dump(out, f)


def folds(x, y, classes, repeats):
    from sklearn.model_selection import KFold, StratifiedKFold

    for seed in range(repeats):
        s = (StratifiedKFold if classes else KFold)(5, shuffle=True, random_state=seed)
        for k, (train, test) in enumerate(s.split(x, y)):
            yield seed, k, train, test


def prepared(x, train, features):
    """Fills in what the forest cannot take, by the training rows."""
    import numpy as np

    x = x.copy()
    for j, f in enumerate(features):
        known = x[train, j][~np.isnan(x[train, j])]
        fill = -1 if f["levels"] else (np.median(known) if len(known) else 0)
        x[np.isnan(x[:, j]), j] = fill
    return x


def theirs(model, x, y, features, classes, train, test, seed, threads):
    from sklearn.ensemble import (HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier,
                                  RandomForestRegressor)

    cpu, begin = time.process_time(), time.perf_counter()
    if model == "boosted trees":
        m = (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(
            random_state=seed, categorical_features=[f["levels"] is not None for f in features])
    else:
        x = prepared(x, train, features)
        m = (RandomForestClassifier if classes else RandomForestRegressor)(random_state=seed, n_jobs=threads)
    m.fit(x[train], y[train])
    p = m.predict_proba(x[test]) if classes else m.predict(x[test])
    took, cpu = time.perf_counter() - begin, time.process_time() - cpu
    return p, m.classes_ if classes else None, took, cpu


def score(p, y, classes):
    import numpy as np

    if classes:
        return float((p == y).mean())
    return float(1 - ((p - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def log_loss(proba, y):
    import numpy as np

    return float(-np.log(np.clip(proba[np.arange(len(y)), y], 1e-15, 1)).mean())


def run(args):
    import numpy as np

    child = subprocess.Popen([args.child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "GOMAXPROCS": str(args.threads)})
    with tempfile.TemporaryDirectory() as tmp, open(args.out, "a") as out:
        for name in args.only or TABLES:
            x, y, features, classes = load(args.tables, name)
            path = os.path.join(tmp, name + ".json")
            write(path, x, y, features, classes)
            for seed, k, train, test in folds(x, y, classes, args.repeats):
                for model in args.models:
                    p, order, took, cpu = theirs(model, x, y, features, classes, train, test, seed, args.threads)
                    labels = order[p.argmax(1)] if classes else p
                    row = {"table": name, "rows": len(y), "columns": len(features), "classes": len(classes or []), "model": model,
                           "threads": args.threads, "seed": seed, "fold": k,
                           "theirs": score(labels, y[test], classes), "theirs_s": took, "theirs_cpu": cpu}
                    child.stdin.write(json.dumps({"table": path, "model": model, "seed": seed, "train": train.tolist(), "test": test.tolist()}) + "\n")
                    child.stdin.flush()
                    a = json.loads(child.stdout.readline())
                    if a.get("error"):
                        raise SystemExit(f"{name}: {model}: {a['error']}")
                    row["ours"] = score(np.array(a["labels"] if classes else a["values"]), y[test], classes)
                    row["ours_s"], row["ours_cpu"] = a["fit"] + a["predict"], a["cpu"]
                    if classes and len(order) == len(classes):
                        row["theirs_loss"] = log_loss(p, y[test])
                        row["ours_loss"] = log_loss(np.array(a["proba"]).reshape(len(test), -1), y[test])
                    out.write(json.dumps(row) + "\n")
                    out.flush()
    child.stdin.close()
    child.wait()


def show(args):
    rows = [json.loads(line) for line in open(args.out)]
    for model in MODELS:
        for threads in sorted({r["threads"] for r in rows}):
            print(f"\n{model}, {threads} thread(s): score, difference in standard errors of theirs; log loss; seconds, ratio (theirs/ours, median of pairs)")
            ratios = []
            for name in TABLES:
                part = [r for r in rows if r["model"] == model and r["threads"] == threads and r["table"] == name]
                if not part:
                    continue
                a, b = [r["ours"] for r in part], [r["theirs"] for r in part]
                se = statistics.stdev(b) / len(b) ** 0.5
                d = statistics.mean(a) - statistics.mean(b)
                loss = ""
                if all("ours_loss" in r for r in part):
                    loss = f"{statistics.mean(r['ours_loss'] for r in part):.4f} {statistics.mean(r['theirs_loss'] for r in part):.4f}"
                wall = statistics.median(r["theirs_s"] / r["ours_s"] for r in part)
                cpu = statistics.median(r["theirs_cpu"] / r["ours_cpu"] for r in part)
                ratios.append(wall)
                print(f"{name:16} {part[0]['rows']:6} x {part[0]['columns']:2}, {part[0]['classes']:2} classes: {statistics.mean(a):.4f} {statistics.mean(b):.4f} "
                      f"{d / se if se else 0:+.2f} SE | {loss:14} | {statistics.median(r['ours_s'] for r in part):7.3f} "
                      f"{statistics.median(r['theirs_s'] for r in part):7.3f}  x{wall:.2f} (processor time x{cpu:.2f})")
            if ratios:
                print(f"median ratio x{statistics.median(ratios):.2f}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tables")
    p.add_argument("--child")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--repeats", type=int, default=2)
    p.add_argument("--only", nargs="*")
    p.add_argument("--models", nargs="*", default=MODELS)
    p.add_argument("--out", default="opponents.jsonl")
    p.add_argument("--show", action="store_true")
    args = p.parse_args()
    if args.show:
        return show(args)
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)
    # Threads that spin while they wait take a hundred times as long where the machine is
    # busy with other things as well.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    run(args)


main()
