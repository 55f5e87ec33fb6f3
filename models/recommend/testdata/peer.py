"""The peer of peer_test.go: what NumPy 1.24, SciPy 1.10 and PyTorch 1.13 (Debian: python3-numpy, python3-scipy,
python3-torch) take for the same work from the same start. It reads commands from the standard input, one a line, runs each
once and answers with a line of JSON: the seconds, and what is needed to hold the results against each other.

    peer.py FOLDER THREADS

The folder has start.i32, item.i32 (histories), users.f32, items.f32 (vectors), triples.i32, and results go there.
"""
import json
import os
import sys
import time

import numpy as np
import scipy.sparse as sp
import torch

folder, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)


def load(name, dtype, *shape):
    return np.fromfile(os.path.join(folder, name), dtype).reshape(shape or -1)


meta = json.load(open(os.path.join(folder, "meta.json")))
U, I, F = meta["users"], meta["items"], meta["factors"]
start, item = load("start.i32", "<i4"), load("item.i32", "<i4")
P0, Q0 = load("users.f32", "<f4", U, F), load("items.f32", "<f4", I, F)
R = sp.csr_matrix((np.ones(len(item), "f4"), item, start), (U, I))
R.sort_indices()
C = R.T.tocsr()
C.sort_indices()
rows_of = {id(m): np.repeat(np.arange(m.shape[0]), np.diff(m.indptr)) for m in (R, C)}


# Alternating least squares by conjugate gradients, of all rows at once.


def half(M, Y, X, alpha, lam, steps, blocks):
    """As recommend.ALS does it: (YᵀY + lam·I + Σ alpha·y·yᵀ)·x = Σ (1 + alpha)·y from the x before. Products with YᵀY
    are one matrix product; of the pairs, products of rows are taken by einsum and summed by a sparse product."""
    G = Y.T @ Y
    G[np.diag_indices(F)] += lam
    rows = rows_of[id(M)]
    n = M.shape[0]
    bounds = np.linspace(0, n, blocks + 1).astype(int)
    for a, b in zip(bounds[:-1], bounds[1:]):
        lo, hi = M.indptr[a], M.indptr[b]
        cols, local = M.indices[lo:hi], rows[lo:hi] - a
        S = sp.csr_matrix((np.empty(hi - lo, "f4"), cols, M.indptr[a:b + 1] - lo), (b - a, M.shape[1]), copy=False)
        Yc = Y[cols]

        def times(V):
            out = V @ G
            S.data = np.einsum("nf,nf->n", Yc, V[local])
            S.data *= alpha
            out += S @ Y
            return out

        x = X[a:b]
        S.data = np.full(hi - lo, 1 + alpha, "f4")
        r = S @ Y - times(x)
        p = r.copy()
        rr = np.einsum("nf,nf->n", r, r)
        for _ in range(steps):
            q = times(p)
            pq = np.einsum("nf,nf->n", p, q)
            step = np.where((rr > 1e-20) & (pq > 0), rr / np.where(pq > 0, pq, 1), 0).astype("f4")
            x += step[:, None] * p
            r -= step[:, None] * q
            new = np.einsum("nf,nf->n", r, r)
            p *= np.where(rr > 1e-20, new / np.where(rr > 0, rr, 1), 0).astype("f4")[:, None]
            p += r
            rr = new


def als(blocks):
    X, Y = P0.copy(), Q0.copy()
    begin, cpu = time.perf_counter(), time.process_time()
    half(R, Y, X, meta["alpha"], meta["lambda"], meta["steps"], blocks)
    half(C, X, Y, meta["alpha"], meta["lambda"], meta["steps"], blocks)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    X.tofile(os.path.join(folder, "peer-users.f32"))
    Y.tofile(os.path.join(folder, "peer-items.f32"))
    return {"seconds": seconds, "cpu": cpu}


# Bayesian personalized ranking, an epoch of given triples.

u, i, j = (torch.from_numpy(np.ascontiguousarray(c)).long() for c in load("triples.i32", "<i4", meta["triples"], 3).T)
rate, lam = meta["rate"], meta["bpr_lambda"]


def by_index_add(P, Q, u, i, j):
    p, a, b = P.index_select(0, u), Q.index_select(0, i), Q.index_select(0, j)
    d = a - b
    z = torch.einsum("nf,nf->n", p, d)
    s = torch.sigmoid(-z).mul_(rate).unsqueeze_(1)
    g = s * p
    P.index_add_(0, u, torch.addcmul(p * (-rate * lam), s, d))
    Q.index_add_(0, i, torch.add(g, a, alpha=-rate * lam))
    Q.index_add_(0, j, torch.add(g, b, alpha=rate * lam), alpha=-1)
    return z


def by_index_put(P, Q, u, i, j):
    p, a, b = P[u], Q[i], Q[j]
    d = a - b
    z = (p * d).sum(1)
    s = torch.sigmoid(-z).mul_(rate).unsqueeze_(1)
    g = s * p
    P.index_put_((u,), s * d - rate * lam * p, accumulate=True)
    Q.index_put_((i,), g - rate * lam * a, accumulate=True)
    Q.index_put_((j,), -g - rate * lam * b, accumulate=True)
    return z


def by_sparse_product(P, Q, u, i, j):
    """Sums of rows by products with sparse matrices of SciPy, in memory that is shared."""
    p, a, b = P.index_select(0, u), Q.index_select(0, i), Q.index_select(0, j)
    d = a - b
    z = torch.einsum("nf,nf->n", p, d)
    s = torch.sigmoid(-z).mul_(rate).unsqueeze_(1)
    g = s * p
    n = len(u)

    def add(table, index, values):
        rows, at = np.unique(index.numpy(), return_inverse=True)
        m = sp.csr_matrix((np.ones(len(at), "f4"), (at, np.arange(len(at)))), (len(rows), len(at)))
        table[torch.from_numpy(rows)] += torch.from_numpy(m @ values.numpy())

    add(P, u, torch.addcmul(p * (-rate * lam), s, d))
    add(Q, torch.cat((i, j)), torch.cat((torch.add(g, a, alpha=-rate * lam), torch.add(g, b, alpha=rate * lam).neg_())))
    return z


class Embeddings:
    """By autograd, sparse gradients and torch.optim.SGD."""

    def begin(self, P, Q):
        self.users = torch.nn.Embedding(U, F, sparse=True, _weight=P)
        self.items = torch.nn.Embedding(I, F, sparse=True, _weight=Q)
        self.by = torch.optim.SGD([*self.users.parameters(), *self.items.parameters()], lr=rate)

    def __call__(self, P, Q, u, i, j):
        with torch.enable_grad():
            p, a, b = self.users(u), self.items(i), self.items(j)
            z = (p * (a - b)).sum(1)
            loss = torch.nn.functional.softplus(-z).sum() + lam / 2 * (p.square().sum() + a.square().sum() + b.square().sum())
            self.by.zero_grad(set_to_none=True)
            loss.backward()
            self.by.step()
        return z.detach()


steps = {"index_add": by_index_add, "index_put": by_index_put, "sparse_product": by_sparse_product, "embeddings": Embeddings()}


def bpr(how, batch):
    step = steps[how]
    P, Q = torch.from_numpy(P0.copy()), torch.from_numpy(Q0.copy())
    if isinstance(step, Embeddings):
        step.begin(P, Q)
    first = None
    with torch.no_grad():
        begin, cpu = time.perf_counter(), time.process_time()
        for k in range(0, len(u), batch):
            z = step(P, Q, u[k:k + batch], i[k:k + batch], j[k:k + batch])
            if first is None:
                first = z
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    P.numpy().tofile(os.path.join(folder, "peer-users.f32"))
    Q.numpy().tofile(os.path.join(folder, "peer-items.f32"))
    return {"seconds": seconds, "cpu": cpu, "first": float(torch.nn.functional.softplus(-first).double().sum())}


def topk(users, k):
    """The best k items of the first users that they do not have, by a matrix product and torch.topk."""
    P, QT = torch.from_numpy(P0[:users]), torch.from_numpy(Q0).t()
    out = []
    begin, cpu = time.perf_counter(), time.process_time()
    for at in range(0, users, 256):
        s = P[at:at + 256] @ QT
        rows = rows_of[id(R)][start[at]:start[min(users, at + 256)]] - at
        s[torch.from_numpy(rows), torch.from_numpy(item[start[at]:start[min(users, at + 256)]]).long()] = -np.inf
        out.append(s.topk(k, 1).indices)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    return {"seconds": seconds, "cpu": cpu, "top": torch.cat(out)[:, 0].tolist()}


print(json.dumps({"numpy": np.__version__, "torch": torch.__version__}), flush=True)
for line in sys.stdin:
    what, *args = line.split()
    if what == "als":
        answer = als(int(args[0]))
    elif what == "bpr":
        answer = bpr(args[0], int(args[1]))
    else:
        answer = topk(int(args[0]), int(args[1]))
    print(json.dumps(answer), flush=True)
