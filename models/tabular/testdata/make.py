# Outputs, loss and one step of the networks for tables, written out from the papers'
# formulas with PyTorch (Debian: python3-torch 1.13), float64, with weights that are a
# function of their place, so that both sides can make them:
#   /usr/bin/python3 make.py > torch.json
import json
import math
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
B = 7  # rows
# columns: 3 numbers, then a category of 3 levels, then one of 10 levels
NUMBERS, SMALL, LARGE = 3, 3, 10


def fill(*shape, key=1):
    n = math.prod(shape)
    return torch.tensor([0.6 * math.sin(1.7 * i + 0.9 * key) for i in range(n)]).reshape(shape)


def onehot(n, key):
    return F.one_hot(torch.tensor([(i * key + i // 2) % n for i in range(B)]), n).double()


x = torch.cat([2 * fill(B, NUMBERS, key=5), onehot(SMALL, 2), onehot(LARGE, 3)], 1)
classes = torch.tensor([i % 3 for i in range(B)])
values = fill(B, key=11)
out = {"x": x.tolist(), "classes": classes.tolist(), "values": values.tolist(), "cases": []}


def case(name, params, forward, loss, rates, decays, lr, wd, beta2):
    params = {k: v.clone().requires_grad_(True) for k, v in params.items()}
    y = forward(params)
    l = loss(y)
    l.backward()
    step = {}
    for k, p in params.items():  # Adam's first step with decoupled weight decay (AdamW)
        rate, decay = lr * rates(k), wd * decays(k)
        m, v = 0.1 * p.grad, (1 - beta2) * p.grad ** 2
        mhat, vhat = m / (1 - 0.9), v / (1 - beta2)
        step[k] = (p - rate * decay * p - rate * mhat / (vhat.sqrt() + 1e-8)).detach().flatten().tolist()
    out["cases"].append({"name": name, "y": y.detach().flatten().tolist(), "loss": l.item(), "step": step})


# RealMLP-TD: arXiv 2407.04491. PBLD: x and W2 cos(2 pi w1 x + b1) + b2.
H = [5, 4]


def realmlp(task):
    units = 3 if task == "classify" else 1
    n_in = NUMBERS + SMALL + 3 * NUMBERS + 8
    p = {
        "0.Encode/periodic0/frequency": fill(NUMBERS, 16, key=1), "0.Encode/periodic0/phase": fill(NUMBERS, 16, key=2),
        "0.Encode/periodic0/mix": fill(NUMBERS, 16, 3, key=3), "0.Encode/periodic0/shift": fill(NUMBERS, 1, 3, key=4),
        "0.Encode/embedding2": fill(LARGE, 8, key=6), "1.FrontScale/scale": 1 + fill(n_in, key=7),
        "2.NTKDense/kernel": fill(n_in, H[0], key=8), "2.NTKDense/bias": fill(H[0], key=9), "3.Gated/gate": 1 + fill(H[0], key=10),
        "4.NTKDense/kernel": fill(H[0], H[1], key=12), "4.NTKDense/bias": fill(H[1], key=13), "5.Gated/gate": 1 + fill(H[1], key=14),
        "6.NTKDense/kernel": fill(H[1], units, key=15), "6.NTKDense/bias": fill(units, key=16),
    }
    f = torch.selu if task == "classify" else F.mish

    def forward(p):
        num, small, large = x[:, :NUMBERS], x[:, NUMBERS:NUMBERS + SMALL], x[:, NUMBERS + SMALL:]
        e = "0.Encode/periodic0/"
        parts = []
        for j in range(NUMBERS):
            wave = torch.cos(2 * math.pi * num[:, j:j + 1] * p[e + "frequency"][j] + p[e + "phase"][j])
            parts.append(wave @ p[e + "mix"][j] + p[e + "shift"][j])
        h = torch.cat([num, small] + parts + [large @ p["0.Encode/embedding2"]], 1)
        h = h * p["1.FrontScale/scale"]
        for i in (2, 4):
            z = h @ p[f"{i}.NTKDense/kernel"] / math.sqrt(h.shape[1]) + p[f"{i}.NTKDense/bias"]
            h = z + (f(z) - z) * p[f"{i + 1}.Gated/gate"]
        return h @ p["6.NTKDense/kernel"] / math.sqrt(h.shape[1]) + p["6.NTKDense/bias"]

    def rates(k):
        return 6 if k.endswith("FrontScale/scale") else 0.1 if k.endswith(("bias", "gate")) or "periodic" in k else 1

    loss = (lambda y: F.cross_entropy(y, classes, label_smoothing=0.1)) if task == "classify" else (lambda y: F.mse_loss(y[:, 0], values))
    case("realmlp " + task, p, forward, loss, rates, lambda k: 0 if k.endswith("bias") else 1, 0.04, 0.02, 0.95)


def simple():  # RealMLP-TD-S: the same without embeddings, gates and decay
    n_in = NUMBERS + SMALL + LARGE
    p = {
        "1.FrontScale/scale": 1 + fill(n_in, key=7),
        "2.NTKDense/kernel": fill(n_in, H[0], key=8), "2.NTKDense/bias": fill(H[0], key=9),
        "4.NTKDense/kernel": fill(H[0], H[1], key=12), "4.NTKDense/bias": fill(H[1], key=13),
        "6.NTKDense/kernel": fill(H[1], 3, key=15), "6.NTKDense/bias": fill(3, key=16),
    }

    def forward(p):
        h = x * p["1.FrontScale/scale"]
        for i in (2, 4):
            h = torch.selu(h @ p[f"{i}.NTKDense/kernel"] / math.sqrt(h.shape[1]) + p[f"{i}.NTKDense/bias"])
        return h @ p["6.NTKDense/kernel"] / math.sqrt(h.shape[1]) + p["6.NTKDense/bias"]

    def rates(k):
        return 6 if k.endswith("scale") else 0.1 if k.endswith("bias") else 1

    case("realmlp simple", p, forward, lambda y: F.cross_entropy(y, classes, label_smoothing=0.1), rates, lambda k: 0, 0.04, 0, 0.95)


# TabM: arXiv 2410.24210, BatchEnsemble: ((x * r) W) * s + b for every member.
def tabm(task):
    K, U, units = 4, 5, 3 if task == "classify" else 1
    n_in = NUMBERS + SMALL + LARGE
    p = {}
    for i, (a, b) in enumerate([(n_in, U), (U, U)]):
        s = f"{i + 1}.BatchEnsemble/"
        p[s + "kernel"], p[s + "input_scale"] = fill(a, b, key=20 + i), 1 + fill(K, a, key=22 + i)
        p[s + "output_scale"], p[s + "bias"] = 1 + fill(K, b, key=24 + i), fill(K, b, key=26 + i)
    p["3.EnsembleDense/kernel"], p["3.EnsembleDense/bias"] = fill(K, U, units, key=28), fill(K, 1, units, key=29)

    def forward(p):
        members = []
        for k in range(K):
            h = x
            for i in (1, 2):
                s = f"{i}.BatchEnsemble/"
                h = torch.relu(((h * p[s + "input_scale"][k]) @ p[s + "kernel"]) * p[s + "output_scale"][k] + p[s + "bias"][k])
            members.append(h @ p["3.EnsembleDense/kernel"][k] + p["3.EnsembleDense/bias"][k])
        return torch.cat(members, 1)

    def loss(y):
        each = [F.cross_entropy(m, classes) if task == "classify" else F.mse_loss(m[:, 0], values) for m in y.split(units, 1)]
        return sum(each) / K

    case("tabm " + task, p, forward, loss, lambda k: 1, lambda k: 1, 2e-3, 3e-4, 0.999)
    y = torch.tensor(out["cases"][-1]["y"]).reshape(B, -1)
    members = torch.stack(y.split(units, 1))
    out["cases"][-1]["mean"] = (members.softmax(2) if task == "classify" else members).mean(0).flatten().tolist()


# ResNet: arXiv 2106.11959, section 3.2, without dropout.
def resnet():
    U, I, units = 5, 10, 3
    n_in = NUMBERS + SMALL + 8
    p = {"0.Encode/embedding1": fill(LARGE, 8, key=6), "1.Dense/kernel": fill(n_in, U, key=30), "1.Dense/bias": fill(U, key=31)}
    for i in (2, 3):
        b = f"{i}.Residual/body/"
        p[b + "0.BatchNorm/scale"], p[b + "0.BatchNorm/shift"] = 1 + fill(U, key=32 + i), fill(U, key=34 + i)
        p[b + "1.Dense/kernel"], p[b + "1.Dense/bias"] = fill(U, I, key=36 + i), fill(I, key=38 + i)
        p[b + "4.Dense/kernel"], p[b + "4.Dense/bias"] = fill(I, U, key=40 + i), fill(U, key=42 + i)
    p["4.BatchNorm/scale"], p["4.BatchNorm/shift"] = 1 + fill(U, key=50), fill(U, key=51)
    p["6.Dense/kernel"], p["6.Dense/bias"] = fill(U, units, key=52), fill(units, key=53)

    def norm(h, g, s):
        return (h - h.mean(0)) / (h.var(0, unbiased=False) + 1e-5).sqrt() * g + s

    def forward(p):
        h = torch.cat([x[:, :NUMBERS + SMALL], x[:, NUMBERS + SMALL:] @ p["0.Encode/embedding1"]], 1)
        h = h @ p["1.Dense/kernel"] + p["1.Dense/bias"]
        for i in (2, 3):
            b = f"{i}.Residual/body/"
            z = torch.relu(norm(h, p[b + "0.BatchNorm/scale"], p[b + "0.BatchNorm/shift"]) @ p[b + "1.Dense/kernel"] + p[b + "1.Dense/bias"])
            h = h + z @ p[b + "4.Dense/kernel"] + p[b + "4.Dense/bias"]
        h = torch.relu(norm(h, p["4.BatchNorm/scale"], p["4.BatchNorm/shift"]))
        return h @ p["6.Dense/kernel"] + p["6.Dense/bias"]

    case("resnet", p, forward, lambda y: F.cross_entropy(y, classes), lambda k: 1, lambda k: 1, 1e-4, 1e-5, 0.999)


realmlp("classify")
realmlp("regress")
simple()
tabm("classify")
tabm("regress")
resnet()
json.dump(out, __import__("sys").stdout)
