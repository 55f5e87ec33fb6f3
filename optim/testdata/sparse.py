# Tables after every step of PyTorch's optimizers with sparse gradients (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 sparse.py > sparse.json
# The problem: f(w) = sum((w[index] - target)^2) / 2 over the positions of an index with repetitions, from w0, 20 steps
# with an index and targets of their own.
import json
import numpy as np
import torch

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(5)
rows, width, positions, steps = 9, 5, 6, 20
w0 = rng.normal(size=(rows, width))
index = rng.integers(0, rows - 1, (steps, positions))  # the last row is never looked up
index[3] = 2
target = rng.normal(size=(steps, positions, width))
out = {"shape": [rows, width], "w0": w0.ravel().tolist(), "index": index.tolist(), "target": target.reshape(steps, -1).tolist(), "optimizers": {}}


def run(name, make, clip=0):
    e = torch.nn.Embedding(rows, width, sparse=True)
    e.weight.data = torch.tensor(w0.copy())
    o = make(e.parameters())
    tables = []
    for i, t in zip(index, target):
        o.zero_grad()
        ((e(torch.tensor(i)) - torch.tensor(t)) ** 2).sum().div(2).backward()
        if clip:
            g = e.weight.grad.coalesce()
            norm = g.values().norm()
            if norm > clip:
                e.weight.grad = g * (clip / (norm + 1e-6))
        o.step()
        tables.append(e.weight.detach().numpy().ravel().tolist())
    out["optimizers"][name] = tables


O = torch.optim
run("SparseAdam", lambda p: O.SparseAdam(list(p), lr=0.05))
run("SparseAdam betas", lambda p: O.SparseAdam(list(p), lr=0.02, betas=(0.8, 0.95), eps=1e-3))
run("SparseAdam clip norm", lambda p: O.SparseAdam(list(p), lr=0.05, eps=1e-2), clip=1.5)
run("SGD", lambda p: O.SGD(p, lr=0.1))
run("SGD clip norm", lambda p: O.SGD(p, lr=0.1), clip=1.5)
run("Adagrad", lambda p: O.Adagrad(p, lr=0.3))
print(json.dumps(out))
