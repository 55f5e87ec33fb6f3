# The first 50 losses of W1 to W4 by PyTorch (Debian: python3-torch 1.13), float32:
#   /usr/bin/python3 losses.py > losses.json
#
# First weights and rows come from a generator that torch_test.go has, too: element
# i of stream s is the finaliser of SplitMix64 (Steele, Lea & Flood 2014) of
# s·2^32 + i, its upper 24 bits taken as a fraction.
import json
import numpy as np
import torch
import torch.nn.functional as F

STEPS = 50


def stream(s, n):
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) + np.uint64(s << 32) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / (1 << 24)


def weight(s, shape):
    """Weights in the layout of Aegis: uniform, of variance 1/inputs; biases in ±0.05."""
    limit = 0.05 if len(shape) == 1 else np.sqrt(3 / np.prod(shape[:-1]))
    return ((2 * stream(s, int(np.prod(shape))) - 1) * limit).astype(np.float32).reshape(shape)


def rows(batch, width, classes):
    """Rows are their class's pattern, of an image in blocks of 4 x 4 pixels, and noise."""
    n = STEPS * batch
    label = (stream(1000, n) * classes).astype(np.int64)
    pattern = stream(1001, classes * width).reshape(classes, width)
    if width == 784:
        row, column = np.divmod(np.arange(width), 28)
        pattern = pattern[:, row // 4 * 7 + column // 4]
    noise = stream(1002, n * width).reshape(n, width)
    return (0.75 * pattern[label] + 0.25 * noise).astype(np.float32), label


def t(a, *axes):
    return torch.from_numpy(np.ascontiguousarray(a.transpose(axes) if axes else a))


def dense(layer, s, n, m, order=None):
    w = weight(s, (n, m))
    if order is not None:
        w = w[order]
    layer.weight.data, layer.bias.data = t(w, 1, 0), t(weight(s + 1, (m,)))


def conv(layer, s, c, o):
    layer.weight.data, layer.bias.data = t(weight(s, (3, 3, c, o)), 3, 2, 0, 1), t(weight(s + 1, (o,)))


def mlp(units):
    layers = []
    for k, (n, m) in enumerate(zip(units, units[1:])):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
        dense(layers[-2], 2 * k, n, m)
    return torch.nn.Sequential(*layers[:-1])


def cnn():
    n = torch.nn
    m = n.Sequential(n.Conv2d(1, 32, 3, padding=1), n.ReLU(), n.MaxPool2d(2), n.Conv2d(32, 64, 3, padding=1), n.ReLU(), n.MaxPool2d(2),
                     n.Flatten(), n.Linear(3136, 128), n.ReLU(), n.Linear(128, 10))
    conv(m[0], 0, 1, 32)
    conv(m[3], 2, 32, 64)
    # Aegis flattens (height, width, channels), PyTorch (channels, height, width).
    order = np.arange(3136).reshape(7, 7, 64).transpose(2, 0, 1).reshape(-1)
    dense(m[7], 4, 3136, 128, order)
    dense(m[9], 6, 128, 10)
    return m


class LSTM(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.out = torch.nn.LSTM(28, 128, batch_first=True), torch.nn.Linear(128, 10)
        self.lstm.weight_ih_l0.data = t(weight(0, (28, 512)), 1, 0)
        self.lstm.weight_hh_l0.data = t(weight(1, (128, 512)), 1, 0)
        self.lstm.bias_ih_l0.data = t(weight(2, (512,)))
        self.lstm.bias_hh_l0.data.zero_()  # Aegis has one bias: the other is none
        self.lstm.bias_hh_l0.requires_grad_(False)
        dense(self.out, 3, 128, 10)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])


def losses(net, batch, shape, classes, optimizer):
    x, y = rows(batch, int(np.prod(shape)), classes)
    x, y = torch.from_numpy(x).reshape(-1, *shape), torch.from_numpy(y)
    if classes == 2:
        y = y.float().reshape(-1, 1)
    loss_of = F.binary_cross_entropy_with_logits if classes == 2 else F.cross_entropy
    o = optimizer([p for p in net.parameters() if p.requires_grad])
    out = []
    for k in range(STEPS):
        part = slice(k * batch, (k + 1) * batch)
        loss = loss_of(net(x[part]), y[part])
        o.zero_grad()
        loss.backward()
        o.step()
        out.append(float("%.9g" % loss.item()))
    return out


def adam(p):
    return torch.optim.Adam(p, lr=1e-3)


torch.set_num_threads(1)
# oneDNN's convolutions lose digits: with them the losses of W2 differ by 8e-3 from
# PyTorch's own in float64, without them by 2e-4.
torch.backends.mkldnn.enabled = False
print(json.dumps({
    "torch": torch.__version__,
    "W1": losses(mlp([784, 256, 128, 10]), 128, (784,), 10, adam),
    "W2": losses(cnn(), 64, (1, 28, 28), 10, adam),
    "W3": losses(LSTM(), 64, (28, 28), 10, adam),
    "W4": losses(mlp([30, 16, 8, 1]), 32, (30,), 2, lambda p: torch.optim.SGD(p, lr=0.01)),
}, indent=1))
