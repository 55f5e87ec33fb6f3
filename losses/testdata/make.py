# Values and gradients of the losses by PyTorch (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 make.py > torch.json
import json
import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
cases = []


def add(name, pred, want, loss, ints=False):
    pred = pred.clone().requires_grad_(True)
    l = loss(pred, want)
    l = l.reshape(l.shape[0], -1).mean(1)
    l.sum().backward()
    cases.append({"name": name, "pred": pred.detach().tolist(), "want": want.tolist(), "ints": ints, "loss": l.detach().tolist(), "grad": pred.grad.tolist()})


p, t = torch.randn(6, 4) * 2, torch.randn(6, 4)
add("MSE", p, t, lambda a, b: F.mse_loss(a, b, reduction="none"))
add("MAE", p, t, lambda a, b: F.l1_loss(a, b, reduction="none"))
add("Huber", p, t, lambda a, b: F.huber_loss(a, b, reduction="none"))
add("Huber 0.3", p, t, lambda a, b: F.huber_loss(a, b, reduction="none", delta=0.3))
add("LogCosh", p, t, lambda a, b: torch.log(torch.cosh(a - b)))
counts = torch.randint(0, 5, (6, 4)).double()
add("Poisson", p, counts, lambda a, b: F.poisson_nll_loss(a, b, reduction="none"))
add("Poisson rate", p.abs() + 0.1, counts, lambda a, b: F.poisson_nll_loss(a, b, log_input=False, reduction="none"))
add("Cosine", p, t, lambda a, b: 1 - F.cosine_similarity(a, b, dim=1))
q = torch.rand(6, 4)
add("BCE", p, q, lambda a, b: F.binary_cross_entropy_with_logits(a, b, reduction="none"))
add("BCE weight", p, q, lambda a, b: F.binary_cross_entropy_with_logits(a, b, pos_weight=torch.tensor(2.5), reduction="none"))
add("BCE smooth", p, q, lambda a, b: F.binary_cross_entropy_with_logits(a, b * 0.8 + 0.1, reduction="none"))
one, bit = torch.randn(6, 1) * 2, torch.tensor([0, 1, 1, 0, 1, 0])
add("BCE class", one, bit, lambda a, b: F.binary_cross_entropy_with_logits(a, b.double().unsqueeze(1), reduction="none"), True)
cls = torch.tensor([0, 3, 1, 2, 2, 0])
w = torch.tensor([0.5, 1.0, 2.0, 3.0])
add("CE", p, cls, lambda a, b: F.cross_entropy(a, b, reduction="none"), True)
add("CE smooth", p, cls, lambda a, b: F.cross_entropy(a, b, reduction="none", label_smoothing=0.1), True)
add("CE weights", p, cls, lambda a, b: F.cross_entropy(a, b, reduction="none", weight=w), True)
add("CE weights smooth", p, cls, lambda a, b: F.cross_entropy(a, b, reduction="none", weight=w, label_smoothing=0.1), True)
soft = torch.softmax(torch.randn(6, 4), 1)
add("CE soft", p, soft, lambda a, b: F.cross_entropy(a, b, reduction="none"))
add("CE soft smooth", p, soft, lambda a, b: F.cross_entropy(a, b, reduction="none", label_smoothing=0.2))
add("CE soft weights", p, soft, lambda a, b: F.cross_entropy(a, b, reduction="none", weight=w))
add("KL", p, soft, lambda a, b: F.kl_div(F.log_softmax(a, 1), b, reduction="none").sum(1))


def focal(gamma, alpha):  # torchvision.ops.sigmoid_focal_loss
    def f(z, b):
        y = b.double().unsqueeze(1)
        s = torch.sigmoid(z)
        ce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
        pt = s * y + (1 - s) * (1 - y)
        l = ce * (1 - pt) ** gamma
        return l if alpha is None else (alpha * y + (1 - alpha) * (1 - y)) * l
    return f


add("Focal", one, bit, focal(2, None), True)
add("Focal alpha", one, bit, focal(1.5, 0.25), True)
add("Focal classes", p, cls, lambda a, b: (1 - torch.softmax(a, 1).gather(1, b[:, None])[:, 0]) ** 2 * F.cross_entropy(a, b, reduction="none"), True)
add("Hinge", one, bit, lambda a, b: F.relu(1 - (2 * b.double() - 1).unsqueeze(1) * a), True)
add("Hinge squared", one, bit, lambda a, b: F.relu(1 - (2 * b.double() - 1).unsqueeze(1) * a) ** 2, True)
sign = torch.where(torch.rand(6, 4) < 0.5, -1.0, 1.0)
add("Hinge signs", p, sign, lambda a, b: F.relu(1 - b * a))


def crammer(a, b):
    own = a.gather(1, b[:, None])[:, 0]
    rest = a.masked_fill(F.one_hot(b, 4).bool(), -1e30).max(1).values
    return F.relu(1 + rest - own)


add("Hinge classes", p, cls, crammer, True)
for big in (1e4, -1e4):
    z = torch.full((6, 1), big)
    add("BCE at %g" % big, z, bit, lambda a, b: F.binary_cross_entropy_with_logits(a, b.double().unsqueeze(1), reduction="none"), True)
extreme = torch.tensor([[1e4, -1e4, 0, 1.0], [-1e4, 1e4, 1e4, 0], [0, 0, 0, 0], [1e4, 1e4, 1e4, 1e4], [-1e4, -1e4, -1e4, -1e4], [1, 2, 3, 1e4]])
add("CE at 1e4", extreme, cls, lambda a, b: F.cross_entropy(a, b, reduction="none"), True)


def pinball(levels):
    q = torch.tensor(levels)

    def f(a, b):
        d = b - a
        return torch.maximum(q * d, (q - 1) * d)
    return f


def corn(a, b):
    """-log P(y) by the chain rule of conditional probabilities: Shi, Cao & Raschka (2021), eq. 4 and 6."""
    k = a.shape[1]
    s = torch.sigmoid(a)  # P(y > k | y >= k)
    above = torch.cat([torch.ones(len(a), 1), torch.cumprod(s, 1)], 1)  # P(y >= k)
    p = above * torch.cat([1 - s, torch.ones(len(a), 1)], 1)
    return -torch.log(p.gather(1, b[:, None])[:, 0])


def corn_tasks(a, b):
    """The same as the sum of binary losses over the rows that each output is about, as coral-pytorch has it."""
    total = torch.zeros(len(a))
    for i in range(a.shape[1]):
        mask = (b >= i).double()
        total = total + mask * F.binary_cross_entropy_with_logits(a[:, i], (b > i).double(), reduction="none")
    return total


real = torch.randn(6, 1) * 2
add("Pinball", p[:, :3], real, pinball([0.1, 0.5, 0.9]))
add("Pinball one", one, real, pinball([0.25]))
rank = torch.tensor([0, 4, 1, 2, 3, 4])
add("Ordinal", p, rank, corn, True)
add("Ordinal tasks", p * 20, rank, corn_tasks, True)


def ranknet(a, b):
    """Mean over the rows of a row's group that are less relevant, in plain loops: Burges et al. (2005), eq. 3."""
    rows = []
    for i in range(len(a)):
        below = [j for j in range(len(a)) if b[j, 1] == b[i, 1] and b[j, 0] < b[i, 0]]
        each = [F.binary_cross_entropy_with_logits(a[i, 0] - a[j, 0], torch.tensor(1.0)) for j in below]
        rows.append(torch.stack(each).mean() if each else a[i, 0] * 0)
    return torch.stack(rows)


queries = torch.tensor([[2, 0], [0, 0], [1, 1], [1, 0], [3, 1], [0, 1]]).double()
add("Ranking", one, queries, ranknet)
print(json.dumps(cases))
