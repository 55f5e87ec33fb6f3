# Layers by PyTorch (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 make.py > torch.json
import json
import torch
import torch.nn.functional as F

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
out = {}


def num(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def batchnorm(name, shape, momentum, eps, affine):
    """Three training batches of (n, ..., c), then one in inference."""
    c = shape[-1]
    m = torch.nn.BatchNorm1d(c, eps=eps, momentum=1 - momentum, affine=affine)
    if affine:
        m.weight.data = torch.rand(c) + 0.5
        m.bias.data = torch.randn(c)
    record = {"momentum": momentum, "eps": eps, "params": [num(m.weight), num(m.bias)] if affine else [], "steps": []}
    for step in range(4):
        if step == 3:
            m.eval()
        x = (torch.randn(*shape) * 2 + 1).requires_grad_(True)
        rows = x.reshape(-1, c)
        y = m(rows).reshape(shape)
        (y * y * torch.linspace(0.1, 1, y.numel()).reshape(shape)).sum().backward()
        record["steps"].append({"train": step < 3, "x": num(x), "y": num(y), "dx": num(x.grad), "mean": num(m.running_mean), "var": num(m.running_var)})
    out[name] = record


batchnorm("batchnorm", (6, 4), 0.9, 1e-5, True)
batchnorm("batchnorm axes", (3, 2, 5, 4), 0.7, 1e-3, True)
batchnorm("batchnorm plain", (5, 3), 0.9, 1e-5, False)


def layer(name, m, x):
    x.requires_grad_(x.is_floating_point())
    y = m(x)
    (y * y * torch.linspace(0.1, 1, y.numel()).reshape(y.shape)).sum().backward()
    out[name] = {"x": num(x), "y": num(y), "dx": num(x.grad) if x.grad is not None else None,
                 "params": [num(p) for p in m.parameters()], "grads": [num(p.grad) for p in m.parameters()]}


m = torch.nn.LayerNorm(5)
m.weight.data, m.bias.data = torch.rand(5) + 0.5, torch.randn(5)
layer("layernorm", m, torch.randn(4, 5) * 3)
m = torch.nn.LayerNorm(5, eps=0.1)
m.weight.data, m.bias.data = torch.rand(5) + 0.5, torch.randn(5)
layer("layernorm axes", m, torch.randn(2, 3, 5))
layer("embedding", torch.nn.Embedding(7, 3), torch.tensor([[1, 6, 1], [0, 2, 6]]))


class Dense(torch.nn.Module):  # kernel (in, units), as Aegis has it
    def __init__(self, n, units, act):
        super().__init__()
        self.kernel = torch.nn.Parameter(torch.randn(n, units))
        self.bias = torch.nn.Parameter(torch.randn(units))
        self.act = act

    def forward(self, x):
        return self.act(x @ self.kernel + self.bias)


for name, f in {"relu": F.relu, "elu": F.elu, "selu": F.selu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "softplus": F.softplus,
                "softsign": F.softsign, "gelu": F.gelu, "gelu tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish,
                "hard sigmoid": lambda x: (x / 6 + 0.5).clamp(0, 1),  # F.hardsigmoid's gradient is single precision
                 "leaky relu": lambda x: F.leaky_relu(x, 0.2), "identity": lambda x: x}.items():
    layer("dense " + name, Dense(4, 3, f), torch.randn(5, 4))
layer("dense axes", Dense(4, 3, torch.tanh), torch.randn(2, 3, 4))
print(json.dumps(out))
