"""Makes made.json, expected numbers that reference.json lacks.

Debian 12, SciPy 1.10.1, NumPy 1.24, mpmath 1.2 (runs for ten minutes):
    /usr/bin/python3 made.py > made.json

Formulas are written out from the papers named in package stats, as plainly as possible and in
O(n^2), apart from what SciPy has.
"""
import json
import math

import mpmath as mp
import numpy as np
from scipy import special, stats

rng = np.random.default_rng(20261129)
out = {}
mp.mp.dps = 40


# Student's t by the incomplete beta function in 40 digits.
def upper(t, nu):
    t, nu = mp.mpf(t), mp.mpf(nu)
    if nu >= 1e4:  # the density, integrated: the series is slow there
        c = mp.exp(mp.loggamma((nu + 1) / 2) - mp.loggamma(nu / 2)) / mp.sqrt(nu * mp.pi)
        f = lambda x: c * mp.exp(-(nu + 1) / 2 * mp.log1p(x * x / nu))
        w = max(mp.mpf(1), 1 / max(t, 1)) if t < 1 else 1 / t
        return mp.quad(f, [t + w * k / 2 for k in range(25)] + [t + w * k for k in (14, 18, 24, 32, 48, 64, 128)])
    return mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2


out["student"] = []
for nu in (0.5, 1, 2, 3, 4, 5, 9, 29.5, 99, 999, 9999, 99999, 1e5, 1e6, 1e9, 1e12):
    for t in (1e-3, 0.3, 1.0, 1.96, 4.0, 12.0, 30.0):
        p = upper(t, nu)
        if p > 1e-300:
            out["student"].append([nu, t, float(p)])

# Tails of the F and chi-squared distributions.
out["f"] = [[x, a, b, float(stats.f.sf(x, a, b))] for a, b in ((10, 5), (2, 10), (4, 76), (9, 900), (1, 3)) for x in (0.2, 1.0, 3.5, 20.0, 60.0)]
out["chi2"] = [[x, k, float(stats.chi2.sf(x, k))] for k in (1, 2, 3, 4, 7, 20, 99) for x in (0.1, 1.0, 5.0, 30.0, 150.0)]

# Studentized range.
out["range"] = []
for k in (2, 3, 5, 10, 30, 100):
    for df in (1, 2, 3, 5, 10, 30, 120, 1000, math.inf):
        for q in (0.5, 2.0, 3.5, 6.0, 10.0, 100.0):
            p = float(stats.studentized_range.sf(q, k, df))
            out["range"].append([k, "Infinity" if math.isinf(df) else df, q, p])
# In 140 digits, where SciPy's sf is 1 - cdf and has nothing left.
out["range_tail"] = []
mp.mp.dps = 140  # the difference below cancels
for k in (2, 3, 10):
    for q in (0.5, 3.5, 8.0, 15.0, 30.0):
        P = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2
        f = lambda z: mp.npdf(z) * (P(z) ** (k - 1) - (P(z) - P(z - q)) ** (k - 1))
        out["range_tail"].append([k, q, float(k * mp.quad(f, mp.linspace(-12, q + 12, int(2 * q) + 49)))])

# Many groups, where SciPy's integral has 10 digits: 0.02 wide steps, in double precision.
out["range_many"] = []
for k, df, q in ((100, 2, 3.5), (100, 5, 3.5), (100, 5, 10.0)):
    z = np.linspace(-9, 30, 1951)
    u = np.linspace(-20, 2, 1101)
    w = q * np.exp(u)
    inner = np.array([k * np.sum(stats.norm.pdf(z) * (special.ndtr(z) ** (k - 1) - (special.ndtr(z) - special.ndtr(z - v)) ** (k - 1))) * (z[1] - z[0]) for v in w])
    density = stats.chi2.pdf(df * np.exp(2 * u), df) * 2 * df * np.exp(2 * u)
    out["range_many"].append([k, df, q, float(np.sum(inner * density) * (u[1] - u[0]))])

# Power by the noncentral t distribution.
out["power"] = []
for n, ratio, std, d, conf in ((10, 1 / 9, 0.02, 0.02, 0.95), (100, 1 / 9, 0.02, 0.02, 0.95), (10, 1 / 9, 0.02, 0.0, 0.95), (5, 0.25, 0.1, 0.3, 0.9), (2, 1.0, 1.0, 5.0, 0.95), (30, 0.5, 1.0, 4.0, 0.99)):
    se = std * math.sqrt(1 / n + ratio)
    t = stats.t.ppf((1 + conf) / 2, n - 1)
    p = float(stats.nct.sf(t, n - 1, d / se) + stats.nct.cdf(-t, n - 1, d / se)) if d else 1 - conf
    out["power"].append({"folds": n, "ratio": ratio, "std": std, "difference": d, "confidence": conf, "power": p})


# Newcombe's method 10.
def wilson(k, n, z):
    # the roots of (p - k/n)^2 = z^2 p (1-p) / n
    a, b, c = 1 + z * z / n, -(2 * k / n + z * z / n), (k / n) ** 2
    r = math.sqrt(max(0, b * b - 4 * a * c))
    return (-b - r) / (2 * a), (-b + r) / (2 * a)


def newcombe(e, f, g, h, conf):
    n = e + f + g + h
    z = stats.norm.ppf((1 + conf) / 2)
    p1, p2 = (e + f) / n, (e + g) / n
    l1, u1 = wilson(e + f, n, z)
    l2, u2 = wilson(e + g, n, z)
    bottom = (e + f) * (g + h) * (e + g) * (f + h)
    phi = 0.0
    if bottom:
        top = e * h - f * g
        if top > n / 2:
            top -= n / 2
        elif top >= 0:
            top = 0
        phi = top / math.sqrt(bottom)
    lo = math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    hi = math.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    return p1 - p2 - lo, p1 - p2 + hi


# Tango's score interval (1998), to see that Newcombe's is near: not what the package computes.
def tango(e, f, g, h, conf):
    n = e + f + g + h
    z = stats.norm.ppf((1 + conf) / 2)

    def score(d):
        A, B, C = 2 * n, -f - g + (2 * n - f + g) * d, -g * d * (1 - d)
        q = (math.sqrt(B * B - 4 * A * C) - B) / (2 * A)
        return (f - g - n * d) / math.sqrt(n * (2 * q + d * (1 - d)))

    d0 = (f - g) / n
    bis = lambda lo, hi, t: lo if hi - lo < 1e-13 else (bis((lo + hi) / 2, hi, t) if score((lo + hi) / 2) > t else bis(lo, (lo + hi) / 2, t))
    return bis(-1 + 1e-12, d0, z), bis(d0, 1 - 1e-12, -z)


out["newcombe"] = []
for cells in ((20, 12, 5, 15), (36, 12, 2, 0), (0, 1, 0, 9), (20, 0, 0, 15), (500, 30, 11, 100), (10, 0, 0, 0), (0, 5, 0, 0), (3, 4, 9, 2)):
    for conf in (0.95, 0.9):
        lo, hi = newcombe(*cells, conf)
        row = {"cells": cells, "confidence": conf, "low": lo, "high": hi}
        if cells[1] and cells[2]:
            row["tango"] = tango(*cells, conf)
        out["newcombe"].append(row)

out["sign"] = []
for b, c in ((12, 5), (0, 7), (40, 61), (1000, 1100), (100000, 101000), (3, 200), (0, 1000)):
    p = float(stats.binomtest(b, b + c).pvalue)
    out["sign"].append({"b": b, "c": c, "exact": p, "midp": p - float(stats.binom.pmf(b, b + c, 0.5))})


# AUC of folds and its influence curve.
def kernel(pos, neg):
    return (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])


def ledell(folds, conf):
    n = sum(len(y) for y, _ in folds)
    p1 = sum(y.sum() for y, _ in folds) / n
    aucs, squares = [], []
    for y, s in folds:
        k = kernel(s[y == 1], s[y == 0])
        a = k.mean()
        ic = np.empty(len(y))
        ic[y == 1] = (k.mean(1) - a) / p1
        ic[y == 0] = (k.mean(0) - a) / (1 - p1)
        aucs.append(a)
        squares.append((ic**2).mean())
    auc, se = np.mean(aucs), math.sqrt(np.mean(squares) / n)
    z = stats.norm.ppf((1 + conf) / 2)
    return auc, se, max(0, auc - z * se), min(1, auc + z * se)


out["cvauc"] = []
for sizes, digits, conf in (((30, 30, 30, 30), 8, 0.95), ((25, 31, 18), 1, 0.9), ((12,), 8, 0.95)):
    folds = []
    for m in sizes:
        y = (rng.random(m) < 0.4).astype(int)
        y[:2] = 0, 1
        folds.append((y, np.round(rng.normal(size=m) + y, digits)))
    auc, se, lo, hi = ledell(folds, conf)
    out["cvauc"].append({"y": [y.tolist() for y, _ in folds], "s": [s.tolist() for _, s in folds], "confidence": conf, "auc": auc, "se": se, "low": lo, "high": hi})


def delong(y, s1, s2):
    k1, k2 = kernel(s1[y == 1], s1[y == 0]), kernel(s2[y == 1], s2[y == 0])
    m, n = k1.shape
    S = np.cov(k1.mean(1), k2.mean(1)) / m + np.cov(k1.mean(0), k2.mean(0)) / n
    z = (k1.mean() - k2.mean()) / math.sqrt(S[0, 0] + S[1, 1] - 2 * S[0, 1])
    return {"auc": [k1.mean(), k2.mean()], "S": S.tolist(), "z": z, "p": 2 * stats.norm.sf(abs(z))}


out["delong"] = []
for n, digits in ((40, 8), (300, 1), (25, 0)):
    y = (rng.random(n) < 0.3).astype(int)
    y[:4] = 0, 1, 0, 1
    s1, s2 = np.round(rng.normal(size=n) + y, digits), np.round(rng.normal(size=n) + 0.5 * y, digits)
    out["delong"].append({"y": y.tolist(), "s1": s1.tolist(), "s2": s2.tolist(), **delong(y, s1, s2)})

# BCa from R's replicates (reference.json) with half of ties and quantiles on the normal scale.
R = json.load(open("reference.json"))["R"]["bca"]
t, t0, x = np.sort(R["t"]), R["t0"], np.array(R["x"])
z0 = stats.norm.ppf(((t < t0).sum() + 0.5 * (t == t0).sum()) / len(t))
jack = np.array([np.delete(x, i).mean() for i in range(len(x))])
u = jack.mean() - jack
a = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
levels = [stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in stats.norm.ppf([0.025, 0.975])]
ends = []
for q in levels:
    k = int(q * (len(t) + 1))
    za, zb = stats.norm.ppf([k / (len(t) + 1), (k + 1) / (len(t) + 1)])
    ends.append(t[k - 1] + (stats.norm.ppf(q) - za) / (zb - za) * (t[k] - t[k - 1]))
out["bca"] = {"jackknife": jack.tolist(), "z0": z0, "a": a, "ends": ends}

# Bayesian signed rank: 200000 draws, O(n^2) each. Sums on the region's bound, but for rounding errors, are within.
rng = np.random.default_rng(7)
out["signedrank"] = []
for d, r in (([0.02, 0.01, -0.01, 0.03, 0.0, 0.02, -0.02, 0.05], 0.01), ([0.2, -0.1, 0.3, 0.25, 0.4], 0.0), ([0.5] * 3 + [-0.4] * 3, 0.05)):
    z = np.array([0.0] + d)
    w = rng.dirichlet([0.5] + [1.0] * len(d), 200000)
    s = z[:, None] + z[None, :]
    parts = np.stack([np.einsum("ki,kj,ij->k", w, w, m.astype(float)) for m in (s < -2 * r - 1e-12, np.abs(s) <= 2 * r + 1e-12, s > 2 * r + 1e-12)])
    if r == 0:
        parts = parts[[0, 2]]
    win = np.bincount(parts.argmax(0), minlength=len(parts)) / 200000
    out["signedrank"].append({"d": d, "region": r, "p": win.tolist() if r else [win[0], 0, win[1]], "mean": parts.mean(1).tolist() if r else None})

# Tests against margins.
x = np.array([0.02, 0.01, 0.03, 0, 0.02, -0.01, 0.02, 0.01, 0.03, 0.01])
se = x.std(ddof=1) * math.sqrt(1 / 10 + 1 / 9)
q = stats.t.ppf(0.95, 9)
out["margin"] = {"x": x.tolist(), "margin": 0.02, "noninferior": stats.t.sf((x.mean() + 0.02) / se, 9), "equivalent": max(stats.t.sf((x.mean() + 0.02) / se, 9), stats.t.cdf((x.mean() - 0.02) / se, 9)), "low": x.mean() - q * se, "high": x.mean() + q * se}

print(json.dumps(out, indent=0))
