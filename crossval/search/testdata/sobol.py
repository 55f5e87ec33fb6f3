"""Writes sobol.json: points of SciPy's unscrambled Sobol sequence, and prints the direction
numbers of sobol.go (Joe & Kuo, new-joe-kuo-6). Run with SciPy 1.10.1."""
import json, os
import numpy as np, scipy
from scipy.stats import qmc

here = os.path.dirname(os.path.abspath(__file__))
x = qmc.Sobol(32, scramble=False, bits=32).random(64)
json.dump({"how": "scipy.stats.qmc.Sobol(32, scramble=False), first 64 points, SciPy " + scipy.__version__,
           "points": [[float(v) for v in row] for row in x]}, open(os.path.join(here, "sobol.json"), "w"))
z = np.load(os.path.join(os.path.dirname(scipy.__file__), "stats", "_sobol_direction_numbers.npz"))
for p, m in zip(z["poly"][:32], z["vinit"][:32]):
    print("{%d, []uint32{%s}}," % (p, ", ".join(str(v) for v in m if v)))
