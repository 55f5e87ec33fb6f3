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


class Images(torch.nn.Module):
    """A function of images with the channels last, and of kernels as Aegis has them."""

    def __init__(self, f, *shapes):
        super().__init__()
        self.w = torch.nn.ParameterList([torch.nn.Parameter(torch.randn(*s)) for s in shapes])
        self.f = f

    def forward(self, x):
        last = x.dim() - 1
        y = self.f(x.permute(0, last, *range(1, last)), *self.w)
        return y.permute(0, *range(2, last + 1), 1)


def oihw(w):  # from (height, width, channels, filters)
    return w.permute(w.dim() - 1, w.dim() - 2, *range(w.dim() - 2))


def conv(name, image, kernel, filters, act=lambda y: y, border=None, **options):
    """border: left, right, top, bottom"""
    f = F.conv1d if len(kernel) == 1 else F.conv2d
    pad = (lambda x: F.pad(x, border)) if border else (lambda x: x)
    groups = options.get("groups", 1)
    layer("conv " + name, Images(lambda x, w, b: act(f(pad(x), oihw(w), b, **options)), (*kernel, image[-1] // groups, filters), (filters,)),
          torch.randn(2, *image))


conv("plain", (6, 5, 3), (3, 2), 4)
conv("same relu", (6, 5, 3), (3, 3), 17, F.relu, padding=1)
conv("same even gelu", (5, 6, 2), (2, 4), 3, F.gelu, border=(1, 2, 0, 1))
conv("same stride", (7, 6, 2), (3, 3), 3, border=(0, 1, 1, 1), stride=2)
conv("dilated tanh", (9, 8, 2), (3, 2), 3, torch.tanh, padding=(2, 1), dilation=(2, 3))
conv("groups", (6, 5, 4), (3, 3), 6, padding=(2, 1), stride=(2, 1), groups=2)
conv("depthwise", (6, 5, 5), (3, 3), 5, padding=1, groups=5)
conv("depthwise multiplied", (6, 5, 3), (3, 3), 6, stride=2, groups=3)
conv("causal", (9, 3), (3,), 4, border=(4, 0), dilation=2)
conv("1d stride", (9, 2), (4,), 3, torch.sigmoid, border=(1, 2), stride=3)


def transposed(name, image, kernel, filters, **options):
    layer("transposed " + name, Images(lambda x, w, b: F.conv_transpose2d(x, w.permute(3, 2, 0, 1), b, **options), (*kernel, filters, image[-1]), (filters,)),
          torch.randn(2, *image))


transposed("plain", (3, 4, 2), (3, 2), 3)
transposed("stride", (3, 4, 2), (3, 3), 3, stride=2, padding=1, output_padding=1)
transposed("dilated", (3, 4, 3), (2, 3), 2, stride=(1, 3), dilation=2)
for name, f in {
    "max": lambda x: F.max_pool2d(x, (2, 3)), "max overlapping": lambda x: F.max_pool2d(x, 3, stride=2, padding=1),
    "average": lambda x: F.avg_pool2d(x, 2), "average padded": lambda x: F.avg_pool2d(x, 3, stride=(2, 1), padding=1, count_include_pad=False),
    "adaptive average": lambda x: F.adaptive_avg_pool2d(x, (3, 2)), "adaptive max": lambda x: F.adaptive_max_pool2d(x, (2, 4)),
    "nearest": lambda x: F.interpolate(x, scale_factor=(2, 3)), "bilinear": lambda x: F.interpolate(x, scale_factor=(3, 2), mode="bilinear"),
}.items():
    layer("pool " + name, Images(f), torch.randn(2, 7, 6, 3))
for name, f in {"max": lambda x: F.max_pool1d(x, 2), "average": lambda x: F.avg_pool1d(x, 3, stride=1)}.items():
    layer("pool 1d " + name, Images(f), torch.randn(2, 7, 3))

def recurrent(name, kind, n, steps, features, units, depth=1, both=False, sequence=False, lengths=None, states=False):
    """A network with the weights as Aegis has them; a GRU's other bias is the second one of its gate n."""
    cell = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}.get(kind, torch.nn.RNN)
    options = {"nonlinearity": kind} if cell is torch.nn.RNN else {}
    gates = {"LSTM": 4, "GRU": 3}.get(kind, 1)
    m = cell(features, units, num_layers=depth, bidirectional=both, batch_first=True, **options)
    ways = 2 if both else 1
    names = [f"l{d}{way}" for d in range(depth) for way in ["", "_reverse"][:ways]]
    for w in m.parameters():
        w.data = torch.randn(*w.shape)
    for at in names:  # one bias, and the second one of n
        getattr(m, "bias_hh_" + at).data[:2 * units if kind == "GRU" else None] = 0
    x = torch.randn(n, steps, features).requires_grad_()
    first = [torch.randn(n, depth * ways * units).requires_grad_() for _ in range(2 if kind == "LSTM" else 1)] if states else []
    split = [s.reshape(n, depth * ways, units).transpose(0, 1).contiguous() for s in first]
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False) if lengths else x
    arguments = (packed, *([tuple(split) if kind == "LSTM" else split[0]] if states else []))
    y, final = m(*arguments)
    if sequence:
        y = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=steps)[0] if lengths else y
    else:
        y = (final[0] if kind == "LSTM" else final)[-ways:].transpose(0, 1).reshape(n, ways * units)
    (y * y * torch.linspace(0.1, 1, y.numel()).reshape(y.shape)).sum().backward()

    def weights(value):
        return [num(v) for at in names for v in [
            value(getattr(m, "weight_ih_" + at)).T, value(getattr(m, "weight_hh_" + at)).T, value(getattr(m, "bias_ih_" + at)),
            *([value(getattr(m, "bias_hh_" + at))[2 * units:]] if kind == "GRU" else [])]]

    out["recurrent " + name] = {
        "x": num(x), "y": num(y), "dx": num(x.grad), "params": weights(lambda p: p), "grads": weights(lambda p: p.grad),
        "lengths": lengths, "states": [num(s) for s in first], "dstates": [num(s.grad) for s in first]}


recurrent("tanh", "tanh", 3, 5, 4, 3)
recurrent("relu sequence", "relu", 2, 4, 3, 5, sequence=True)
recurrent("lstm", "LSTM", 3, 5, 4, 3)
recurrent("lstm of nine", "LSTM", 9, 4, 3, 9, sequence=True, states=True)
recurrent("lstm deep", "LSTM", 2, 4, 3, 2, depth=3, both=True, sequence=True, lengths=[2, 4], states=True)
recurrent("lstm deep last", "LSTM", 3, 4, 3, 2, depth=2, both=True, lengths=[4, 1, 3])
recurrent("gru", "GRU", 3, 5, 4, 3)
recurrent("gru sequence", "GRU", 3, 5, 4, 9, sequence=True, lengths=[1, 5, 3], states=True)
recurrent("gru deep", "GRU", 2, 3, 3, 2, depth=2, both=True, states=True)
recurrent("tanh lengths", "tanh", 3, 4, 2, 3, lengths=[3, 1, 4], states=True, both=True)
print(json.dumps(out))
