"""Joins what ref.R (r.json) and ref.py (py.json) wrote into reference.json.

    Rscript ref.R && /usr/bin/python3 ref.py && python3 merge.py
"""
import json
import math

OTHER = ("ks", "quantile", "covwt")  # of other packages' tests


def clean(x):
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    if isinstance(x, dict):
        return {k: clean(v) for k, v in x.items() if k not in OTHER}
    if isinstance(x, list):
        return [clean(v) for v in x]
    return x


r, p = clean(json.load(open("r.json"))), clean(json.load(open("py.json")))
out = {
    "how": "Debian 12: r-base-core, r-cran-proc, r-cran-coin, r-cran-exactranktests, r-cran-rstatix, r-cran-jsonlite, "
    "r-cran-boot, python3-scipy, python3-statsmodels, python3-sklearn; Rscript ref.R; /usr/bin/python3 ref.py; python3 merge.py",
    "notes": [
        "R numbers have 15 significant digits; NaN, NA and Inf are strings",
        "5x2cv, Bayesian correlated t, Nadeau-Bengio, Nemenyi, Iman-Davenport: formula in R with its pt, pf, ptukey, no package",
        "exact Wilcoxon with ties: exactRankTests and coin; SciPy's 'exact' is wrong there",
        "bca.t are the 999 resample means that R drew with set.seed(7)",
    ],
    "versions": {**r.pop("versions"), **p.pop("versions"), "debian": "12 bookworm"},
    "R": r,
    "python": p,
}
json.dump(out, open("reference.json", "w"), indent=0)
