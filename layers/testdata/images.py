# Layers of networks for images by PyTorch (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 images.py > images.json
import json
import torch
import torch.nn.functional as F

torch.manual_seed(12)
torch.set_default_dtype(torch.float64)
out = {}


def num(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


class Function(torch.nn.Module):
    def __init__(self, f, *shapes):
        super().__init__()
        self.w = torch.nn.ParameterList([torch.nn.Parameter(torch.randn(*s)) for s in shapes])
        self.f = f

    def forward(self, x):
        return self.f(x, *self.w)


def layer(name, m, x):
    x.requires_grad_()
    y = m(x)
    (y * y * torch.linspace(0.1, 1, y.numel()).reshape(y.shape)).sum().backward()
    out[name] = {"x": num(x), "y": num(y), "dx": num(x.grad), "params": [num(p) for p in m.parameters()], "grads": [num(p.grad) for p in m.parameters()]}


def first(x):  # the channels
    return x.permute(0, x.dim() - 1, *range(1, x.dim() - 1))


def last(x):
    return x.permute(0, *range(2, x.dim()), 1)


# F.hardswish's gradient is single precision.
for name, f in {"hard swish": lambda x: x * (x + 3).clamp(0, 6) / 6, "relu6": F.relu6}.items():
    layer("dense " + name, Function(lambda x, w, b: f(x @ w + b), (4, 3), (3,)), torch.randn(9, 4) * 3)
for name, groups, eps, shape in [("two", 2, 1e-5, (3, 4, 5, 6)), ("one", 1, 1e-3, (2, 3, 4)), ("each", 4, 1e-5, (2, 3, 2, 4)), ("rows", 3, 1e-5, (4, 6))]:
    layer("group norm " + name, Function(lambda x, w, b: last(F.group_norm(first(x), groups, w, b, eps)), (shape[-1],), (shape[-1],)), torch.randn(*shape) * 2 + 1)
layer("layer scale", Function(lambda x, w: x * w, (5,)), torch.randn(2, 3, 5))


def squeeze(x, w1, b1, w2, b2, act, gate):
    y = gate(act(x.mean((1, 2)) @ w1 + b1) @ w2 + b2)
    return x * y[:, None, None, :]


for name, act, gate in [("plain", F.relu, torch.sigmoid), ("silu", F.silu, lambda x: (x / 6 + 0.5).clamp(0, 1))]:
    layer("squeeze " + name, Function(lambda x, *w: squeeze(x, *w, act, gate), (6, 3), (3,), (3, 6), (6,)), torch.randn(3, 4, 2, 6))
layer("class token", Function(lambda x, w: torch.cat([w.expand(len(x), 1, -1), x], 1), (5,)), torch.randn(3, 2, 5))
layer("pad features", Function(lambda x: F.pad(x, (1, 2))), torch.randn(2, 3, 4))
print(json.dumps(out))
