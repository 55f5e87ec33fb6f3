"""Fits the polynomial of the distribution function of the standard normal
distribution in functions.go: Phi(-u) = exp(-u*u/2) * P(t) with t = 1/(1 + p*u),
u >= 0, least largest relative error, by reweighted least squares.
Needs NumPy and SciPy (Debian's python3-scipy)."""
import numpy as np
from scipy.special import erfcx

best = None
for p in np.arange(0.20, 0.60, 0.02):
    for degree in (9,):
        lo = 1 / (1 + p * 14)
        t = 0.5 * (1 + lo) + 0.5 * (1 - lo) * np.cos(np.linspace(0, np.pi, 4001))
        u = (1 / t - 1) / p
        g = 0.5 * erfcx(u / np.sqrt(2))
        w = np.ones_like(t)
        for _ in range(60):
            a = np.polynomial.chebyshev.chebvander(2 * (t - lo) / (1 - lo) - 1, degree) * (w / g)[:, None]
            c = np.linalg.lstsq(a, w, rcond=None)[0]
            e = np.abs(np.polynomial.chebyshev.chebval(2 * (t - lo) / (1 - lo) - 1, c) / g - 1)
            w = w * (0.05 + e / e.max())
            w /= w.max()
        if best is None or e.max() < best[0]:
            poly = np.polynomial.chebyshev.Chebyshev(c, domain=[lo, 1]).convert(kind=np.polynomial.Polynomial)
            best = (e.max(), p, poly.coef[::-1])
print("largest relative error %.2e with p = %.2f" % best[:2])
for v in best[2]:
    print("%.10e," % v)
