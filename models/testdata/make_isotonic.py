# Isotonic regressions by scikit-learn (Debian: python3-sklearn 1.2.1):
#   /usr/bin/python3 make_isotonic.py > isotonic.json
import json
import sys
import numpy as np
from sklearn.isotonic import IsotonicRegression

r = np.random.default_rng(5)
cases = []
for n in (1, 2, 5, 40, 200):
    p = np.round(r.random(n), 2)  # with ties
    y = (r.random(n) < p ** 2).astype(int)
    f = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    x = np.linspace(0, 1, 23)
    cases.append({"p": p.tolist(), "y": y.tolist(), "x": x.tolist(), "want": f.predict(x).tolist()})
json.dump(cases, sys.stdout)
