"""Makes ext-py.json: what baycomp (github.com/janezd/baycomp, commit 0ce309b), on Python's path, says.

    /usr/bin/python3 ext.py > ext-py.json

baycomp counts sums on the bound of the region half, so that only inputs without these compare.
"""
import json

import numpy as np
from baycomp.multiple import SignedRankTest
from baycomp.single import CorrelatedTTest

out = {"signedrank": []}
for d, r in (([0.2, -0.1, 0.3, 0.25, 0.4], 0.0), ([0.5] * 3 + [-0.4] * 3, 0.03), ([0.02, 0.013, -0.011, 0.033, 0.004, 0.021], 0.0101)):
    p = SignedRankTest.probs(np.zeros(len(d)), np.array(d), r, nsamples=200000, random_state=1)
    out["signedrank"].append({"d": d, "region": r, "p": list(p) if r else [p[0], 0, p[1]]})
x = np.array([0.02, 0.01, 0.03, 0, 0.02, -0.01, 0.02, 0.01, 0.03, 0.01])
out["correlated"] = {"x": x.tolist(), "region": 0.01, "p": list(CorrelatedTTest.probs(np.zeros(10), x, 0.01))}
print(json.dumps(out, indent=0))
