# Weights after every step of PyTorch's optimizers, and factors of its schedules (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 make.py > torch.json
# The problem: f(w) = sum(a * (w - c)^2) / 2 + sum(sin(3 w)), from w0, 100 steps.
# NAdam is the algorithm in PyTorch's documentation, in NumPy: PyTorch 1.13 itself has mu_t twice in the product for
# step t+1 (mu_product * mu * mu_next), which later versions and Dozat (2016) do not.
# Lion is not in PyTorch 1.13: Algorithm 2 of Chen et al. (2023), arXiv:2302.06675, in NumPy.
import json
import numpy as np
import torch
from torch.optim import lr_scheduler as S

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(3)
a, c, w0 = rng.uniform(0.5, 3, 6), rng.normal(size=6), rng.normal(size=6)
A, C = torch.tensor(a), torch.tensor(c)
out = {"a": a.tolist(), "c": c.tolist(), "w0": w0.tolist(), "optimizers": {}, "schedules": {}, "plateau": {}}


def gradient(w):
    return a * (w - c) + 3 * np.cos(3 * w)


def run(name, make, clip=None):
    w = torch.tensor(w0.copy(), requires_grad=True)
    o = make([w])
    steps = []
    for _ in range(100):
        o.zero_grad()
        ((A * (w - C) ** 2).sum() / 2 + torch.sin(3 * w).sum()).backward()
        if clip == "norm":
            torch.nn.utils.clip_grad_norm_([w], 1.5)
        if clip == "value":
            torch.nn.utils.clip_grad_value_([w], 0.7)
        o.step()
        steps.append(w.detach().tolist())
    out["optimizers"][name] = steps


O = torch.optim
run("SGD", lambda p: O.SGD(p, lr=0.05))
run("SGD momentum", lambda p: O.SGD(p, lr=0.02, momentum=0.9))
run("SGD nesterov decay", lambda p: O.SGD(p, lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.1))
run("Adam", lambda p: O.Adam(p, lr=0.05))
run("Adam betas decay", lambda p: O.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.05))
run("AdamW", lambda p: O.AdamW(p, lr=0.05, weight_decay=0.2))
run("RMSprop", lambda p: O.RMSprop(p, lr=0.02))
run("RMSprop momentum decay", lambda p: O.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.8, weight_decay=0.1))
run("Adagrad", lambda p: O.Adagrad(p, lr=0.3))
run("Adagrad decay", lambda p: O.Adagrad(p, lr=0.3, weight_decay=0.1))
run("SGD clip norm", lambda p: O.SGD(p, lr=0.05), "norm")
run("SGD clip value", lambda p: O.SGD(p, lr=0.05), "value")
w, m, v, product, steps = w0.copy(), np.zeros(6), np.zeros(6), 1.0, []
for t in range(1, 101):
    g = gradient(w)
    mu, following = (0.9 * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in (t, t + 1))
    product *= mu
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    w = w - 0.05 * (following * m / (1 - product * following) + (1 - mu) * g / (1 - product)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    steps.append(w.tolist())
out["optimizers"]["NAdam"] = steps

w, m, steps = w0.copy(), np.zeros(6), []
for _ in range(100):
    g = gradient(w)
    u = np.sign(0.9 * m + 0.1 * g)
    w = w - 0.02 * (u + 0.1 * w)
    m = 0.99 * m + 0.01 * g
    steps.append(w.tolist())
out["optimizers"]["Lion"] = steps


def schedule(name, make, epochs=30):
    o = O.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    s = make(o)
    f = []
    for _ in range(epochs):
        f.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    out["schedules"][name] = f


schedule("step", lambda o: S.StepLR(o, 7, 0.3))
schedule("exponential", lambda o: S.ExponentialLR(o, 0.9))
schedule("cosine", lambda o: S.CosineAnnealingLR(o, 30, eta_min=0.1))
schedule("restarts", lambda o: S.CosineAnnealingWarmRestarts(o, 8, eta_min=0.05))
schedule("growing restarts", lambda o: S.CosineAnnealingWarmRestarts(o, 4, T_mult=2))
# LinearLR ends at 1 after total_iters steps.
schedule("warm-up", lambda o: S.LinearLR(o, 0.2, 1.0, total_iters=5))
# OneCycleLR puts its top at step pct*total-1 and its end at total-1: compared on that scale.
schedule("one cycle", lambda o: S.OneCycleLR(o, max_lr=1.0, total_steps=31, pct_start=9 / 31 + 1 / 31), 30)

scores = [5, 4, 3, 3, 3, 3, 2.9, 2.95, 2.95, 2.95, 2.95, 2.95, 2.5, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6]
o = O.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
s = S.ReduceLROnPlateau(o, factor=0.5, patience=2, threshold=0.05, threshold_mode="abs", min_lr=0.2)
rates = []
for v in scores:
    s.step(v)
    rates.append(o.param_groups[0]["lr"])
out["plateau"] = {"scores": scores, "rates": rates}
print(json.dumps(out))
