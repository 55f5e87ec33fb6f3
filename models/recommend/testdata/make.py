# What dense matrices in float64 make of a small set of interactions, by NumPy 1.24 (Debian: python3-numpy):
#   /usr/bin/python3 make.py > recommend.json
# item-knn and ease by their definitions; a half step of als by numpy.linalg.solve for each user, given the items' vectors.
import json
import sys
import numpy as np

rng = np.random.default_rng(4)
users, items = 14, 9
X = (rng.random((users, items)) < np.linspace(0.15, 0.7, items)).astype(float)
X[0] = 0  # a user without items
X[1] = 0
X[1, 3] = 1
W = np.round(rng.uniform(0.5, 3, (users, items)), 2) * X
start = np.concatenate([[0], np.cumsum(X.sum(1))]).astype(int)
rows, cols = np.nonzero(X)

out = {"items": items, "start": start.tolist(), "item": cols.tolist(), "weight": W[rows, cols].tolist()}
out["popularity"] = np.tile(X.sum(0), (users, 1)).ravel().tolist()

C = X.T @ X
n = np.diag(C)
for name, neighbours, shrink in (("knn_all", items, 0.0), ("knn_3", 3, 2.0)):
    S = C / (np.sqrt(np.outer(n, n)) + shrink)
    np.fill_diagonal(S, -1)
    near = np.zeros_like(S)
    for j in range(items):  # the first of equals by number
        best = sorted((i for i in range(items) if C[i, j] > 0 and i != j), key=lambda i: (-S[i, j], i))[:neighbours]
        near[best, j] = S[best, j]
    out[name] = (X @ near).ravel().tolist()

for name, lam in (("ease_2", 2.0), ("ease_50", 50.0)):
    P = np.linalg.inv(C + lam * np.eye(items))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    out[name] = (X @ B).ravel().tolist()

f, alpha, lam = 6, 3.0, 0.5
Y = np.round(rng.normal(0, 0.5, (items, f)), 3)
solved = []
for u in range(users):
    c = 1 + alpha * W[u]
    A = Y.T @ np.diag(c) @ Y + lam * np.eye(f)
    solved.append(np.linalg.solve(A, Y.T @ (c * X[u])))
out["als"] = {"factors": f, "alpha": alpha, "lambda": lam, "y": Y.ravel().tolist(), "x": np.ravel(solved).tolist()}
json.dump(out, sys.stdout, separators=(",", ":"))
print()
