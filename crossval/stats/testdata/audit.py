"""Makes audit.json: what SciPy 1.10.1 says where made.json has numbers of 40 digits or more.

    /usr/bin/python3 audit.py > audit.json
"""
import json
import warnings

import scipy
from scipy import stats

warnings.simplefilter("ignore")
made = json.load(open("made.json"))
R = json.load(open("made-r.json"))
student = [c for c in made["student"]]
out = {
    "version": scipy.__version__,
    "t_sf": [[nu, t, float(stats.t.sf(t, nu))] for nu, t, _ in student],
    "t_ppf": [[nu, t, float(-stats.t.ppf(p, nu))] for nu, t, p in student if p < 0.4],
    "range_tail": [[k, q, float(stats.studentized_range.sf(q, k, float("inf")))] for k, q, _ in made["range_tail"]],
    "range_ppf": [[c["k"], p, float(stats.studentized_range.ppf(p, c["k"], float("inf")))] for c in R["tukey"] for p in c["p"]],
    "nct": [[t, df, ncp, float(stats.nct.sf(t, df, ncp))] for t, df, ncp, _ in R["nct"]],
    "wilcoxon_ci_p": [float(stats.wilcoxon(c["x"]).pvalue) for c in R["walsh"]],
}


def clean(x):
    if isinstance(x, float) and x != x:
        return "NaN"
    if isinstance(x, list):
        return [clean(v) for v in x]
    return x


print(json.dumps({k: clean(v) for k, v in out.items()}, indent=0))
