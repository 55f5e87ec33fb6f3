"""PyTorch's side of the trainings on tokens, of attention alone and of generation.

peer.py runs this text before its own; bench/workload/testdata/language.py imports it, so that
the networks whose losses are held to Aegis' are those that are timed. Names of parameters and
their layout are Aegis': kernels are (inputs, outputs).

PyTorch 1.13 has no fused attention on a CPU for training: "modules" are its own
TransformerEncoderLayers, "baddbmm" adds the mask within the product of queries and keys,
and projects queries, keys and values at once.
"""
import json
import math

import numpy as np

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None


def stream(s, n):
    """n fractions of a stream: the finaliser of SplitMix64 of s*2^32 + i."""
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) + np.uint64(s << 32) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / (1 << 24)


def tokens(net, rows):
    """The rows of workload.Language.Tokens: inputs, and the tokens after them or classes."""
    steps, vocab = net["Steps"], net["Vocab"]
    n = rows * steps + (net["Depth"] > 0)
    u, noise = stream(2000, n), stream(2001, n)
    if net["Depth"] == 0:
        ids, classes = (u * u * u * vocab).astype(np.int64).reshape(rows, steps), (stream(2002, rows) * 2).astype(np.int64)
        shown = noise.reshape(rows, steps) < 0.5
        return np.where(shown, ids - ids % 2 + classes[:, None], ids), classes
    ids = (u * vocab).astype(np.int64)
    for i in range(3, n):
        if noise[i] >= 0.125:
            ids[i] = (ids[i - 3] * 5 + 3) % vocab
    return ids[:-1].reshape(rows, steps), ids[1:].reshape(rows, steps)


def parameters(net):
    """Paths and shapes of Aegis' parameters, in their order."""
    vocab, dim, units = net["Vocab"], net["Dim"], net["Units"]
    out = [("0.Embedding/embeddings", (vocab, dim))]

    def dense(path, n, m):
        out.extend([(path + "/kernel", (n, m)), (path + "/bias", (m,))])

    def norm(path):
        out.extend([(path + "/scale", (dim,)), (path + "/shift", (dim,))])

    if net["Depth"] == 0:
        dense("2.Dense", dim, 2)
        return out
    if net["Heads"] == 0:
        for d in range(net["Depth"]):
            at, n = "1.LSTM/%d" % d, dim if d == 0 else units
            out.extend([(at + "/kernel", (n, 4 * units)), (at + "/recurrent", (units, 4 * units)), (at + "/bias", (4 * units,))])
        dense("2.Dense", units, vocab)
        return out
    out.append(("1.PositionEmbedding/positions", (net["Steps"], dim)))
    for d in range(net["Depth"]):
        at = "2.TransformerEncoder/%d/" % d
        norm(at + "norm1")
        for name in ("query", "key", "value", "output"):
            dense(at + "attention/" + name, dim, dim)
        norm(at + "norm2")
        dense(at + "feed_forward/hidden", dim, units)
        dense(at + "feed_forward/output", units, dim)
    norm("2.TransformerEncoder/norm")
    dense("3.Dense", dim, vocab)
    return out


def safetensors(path):
    """The tensors of a file, by path."""
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        body = f.read()
    kinds = {"F32": np.float32, "F64": np.float64, "I64": np.int64}
    return {name: np.frombuffer(body[slice(*t["data_offsets"])], kinds[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items() if name != "__metadata__"}


def param(a):
    return torch.nn.Parameter(torch.from_numpy(np.ascontiguousarray(a, np.float32)))


def linear(w, *paths):
    """A linear layer of one or several of Aegis' beside each other."""
    kernel = np.concatenate([w[p + "/kernel"] for p in paths], 1)
    m = torch.nn.Linear(*kernel.shape)
    m.weight, m.bias = param(kernel.T), param(np.concatenate([w[p + "/bias"] for p in paths]))
    return m


def layer_norm(w, path):
    m = torch.nn.LayerNorm(len(w[path + "/scale"]))
    m.weight, m.bias = param(w[path + "/scale"]), param(w[path + "/shift"])
    return m


def attend(q, k, v, mask):
    """Attention of (heads of all rows, steps, dim)."""
    p = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=1 / math.sqrt(q.shape[2]), beta=1 if mask.numel() > 1 else 0)
    return torch.bmm(p.softmax(-1), v)


if torch is not None:

    class Block(torch.nn.Module):
        """A block of a transformer, composed."""

        def __init__(self, w, at, heads):
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = layer_norm(w, at + "norm1"), layer_norm(w, at + "norm2")
            self.qkv = linear(w, *(at + "attention/" + n for n in ("query", "key", "value")))
            self.out = linear(w, at + "attention/output")
            self.hidden, self.output = linear(w, at + "feed_forward/hidden"), linear(w, at + "feed_forward/output")

        def forward(self, x, mask):
            n, s, d = x.shape
            q, k, v = self.qkv(self.norm1(x)).view(n, s, 3, self.heads, -1).permute(2, 0, 3, 1, 4).reshape(3, n * self.heads, s, -1).unbind(0)
            y = attend(q, k, v, mask).view(n, self.heads, s, -1).transpose(1, 2).reshape(n, s, d)
            x = x + self.out(y)
            return x + self.output(F.gelu(self.hidden(self.norm2(x))))

    def encoder_layer(w, at, net):
        m = torch.nn.TransformerEncoderLayer(net["Dim"], net["Heads"], net["Units"], 0.0, F.gelu, batch_first=True, norm_first=True)
        qkv = linear(w, *(at + "attention/" + n for n in ("query", "key", "value")))
        m.self_attn.in_proj_weight, m.self_attn.in_proj_bias = qkv.weight, qkv.bias
        out = linear(w, at + "attention/output")
        m.self_attn.out_proj.weight, m.self_attn.out_proj.bias = out.weight, out.bias
        m.linear1, m.linear2 = linear(w, at + "feed_forward/hidden"), linear(w, at + "feed_forward/output")
        m.norm1, m.norm2 = layer_norm(w, at + "norm1"), layer_norm(w, at + "norm2")
        return m

    class Transformer(torch.nn.Module):
        def __init__(self, net, w, variant):
            super().__init__()
            self.embedding, self.positions = torch.nn.Embedding(net["Vocab"], net["Dim"]), param(w["1.PositionEmbedding/positions"])
            self.embedding.weight = param(w["0.Embedding/embeddings"])
            self.blocks = torch.nn.ModuleList()
            for d in range(net["Depth"]):
                at = "2.TransformerEncoder/%d/" % d
                self.blocks.append(encoder_layer(w, at, net) if "modules" in variant else Block(w, at, net["Heads"]))
            self.norm, self.out = layer_norm(w, "2.TransformerEncoder/norm"), linear(w, "3.Dense")
            self.register_buffer("mask", torch.full((net["Steps"], net["Steps"]), float("-inf")).triu(1))

        def forward(self, ids):
            x = self.embedding(ids) + self.positions
            for b in self.blocks:
                x = b(x, self.mask)
            return self.out(self.norm(x))

    class LSTMLanguage(torch.nn.Module):
        def __init__(self, net, w, variant):
            super().__init__()
            self.major = "time major" in variant
            self.embedding = torch.nn.Embedding(net["Vocab"], net["Dim"])
            self.embedding.weight = param(w["0.Embedding/embeddings"])
            self.lstm = torch.nn.LSTM(net["Dim"], net["Units"], net["Depth"], batch_first=not self.major)
            for d in range(net["Depth"]):
                at = "1.LSTM/%d/" % d
                setattr(self.lstm, "weight_ih_l%d" % d, param(w[at + "kernel"].T))
                setattr(self.lstm, "weight_hh_l%d" % d, param(w[at + "recurrent"].T))
                setattr(self.lstm, "bias_ih_l%d" % d, param(w[at + "bias"]))
                other = getattr(self.lstm, "bias_hh_l%d" % d)  # Aegis has one bias
                other.data.zero_()
                other.requires_grad_(False)
            self.out = linear(w, "2.Dense")

        def forward(self, ids):
            if self.major:
                return self.out(self.lstm(self.embedding(ids.t()))[0]).transpose(0, 1)
            return self.out(self.lstm(self.embedding(ids))[0])

    class Mean(torch.nn.Module):
        def __init__(self, net, w, variant):
            super().__init__()
            kind = torch.nn.EmbeddingBag if "bag" in variant else torch.nn.Embedding
            more = {"mode": "mean"} if "bag" in variant else {}
            self.bag = "bag" in variant
            self.embedding = kind(net["Vocab"], net["Dim"], sparse=net["Lazy"], **more)
            self.embedding.weight = param(w["0.Embedding/embeddings"])
            self.out = linear(w, "2.Dense")

        def forward(self, ids):
            x = self.embedding(ids)
            return self.out(x if self.bag else x.mean(1))


def language_network(net, w, variant):
    if net["Depth"] == 0:
        return Mean(net, w, variant)
    return (Transformer if net["Heads"] else LSTMLanguage)(net, w, variant)


def language_optimizer(net, m, variant):
    """A function that makes a step of Adam, of which the lazy one takes sparse gradients."""
    params = [p for p in m.parameters() if p.requires_grad]
    fast = {"fused": True} if "fused" in variant else {"foreach": "foreach" in variant}
    if not net["Lazy"]:
        all_of = [torch.optim.Adam(params, lr=1e-3, **fast)]
    else:
        all_of = [torch.optim.SparseAdam([m.embedding.weight], lr=1e-3), torch.optim.Adam(params[1:], lr=1e-3, **fast)]

    def step(loss):
        for o in all_of:
            o.zero_grad(set_to_none=True)
        loss.backward()
        for o in all_of:
            o.step()

    return step


def language_loss(m, x, y):
    z = m(x)
    return F.cross_entropy(z.reshape(-1, z.shape[-1]), y.reshape(-1))


def language_losses(net, w, variant, steps):
    """The losses of so many steps, of the rows in order."""
    m = language_network(net, w, variant).train()
    step = language_optimizer(net, m, variant)
    out = []
    x, y = (torch.from_numpy(np.ascontiguousarray(a)) for a in tokens(net, steps * net["Batch"]))
    for k in range(steps):
        part = slice(k * net["Batch"], (k + 1) * net["Batch"])
        loss = language_loss(m, x[part], y[part])
        step(loss)
        out.append(loss.item())
    return out


def attention(o):
    """A function that makes a forward and a backward pass of attention, and the mean of the
    squares of what it gives."""
    batch, heads, steps, dim = o["shape"]

    def value(s):
        v = torch.from_numpy((2 * stream(s, batch * steps * heads * dim) - 1).astype(np.float32))
        return v.view(batch, steps, heads, dim).transpose(1, 2).reshape(batch * heads, steps, dim)

    q, k, v, g = (value(3000 + i) for i in range(4))
    for t in (q, k, v):
        t.requires_grad_(True)
    mask = torch.full((steps, steps), float("-inf")).triu(1) if o["causal"] else torch.zeros(1)

    def passes():
        if o["variant"] == "baddbmm":
            y = attend(q, k, v, mask)
        elif o["variant"] == "bmm":
            s = torch.bmm(q, k.transpose(1, 2)) * (1 / math.sqrt(dim))
            y = torch.bmm((s + mask if o["causal"] else s).softmax(-1), v)
        else:
            y = F._scaled_dot_product_attention(q, k, v, mask if o["causal"] else None)[0]
        return (y,) + torch.autograd.grad(y, (q, k, v), g)

    out = torch.cat([t.detach().flatten() for t in passes()]).double()
    return passes, float((out * out).mean())


if torch is not None:

    class Step(torch.nn.Module):
        """The next logits of a transformer with rotary positions, whose keys and values are kept in
        place, (heads, steps, dim) of each block."""

        def __init__(self, net, w):
            super().__init__()
            self.heads, self.depth = net["Heads"], net["Depth"]
            half = net["Dim"] // net["Heads"] // 2
            self.table, self.bias = param(w["embedding/embeddings"]), param(w["head/bias"])
            self.norm = layer_norm(w, "body/norm")
            self.blocks = torch.nn.ModuleList([Block(w, "body/%d/" % d, self.heads) for d in range(self.depth)])
            angle = np.arange(net["Steps"])[:, None] * 10000.0 ** (-np.arange(half) / half)
            self.cos = torch.from_numpy(np.concatenate([np.cos(angle), np.cos(angle)], 1).astype(np.float32))
            self.sin = torch.from_numpy(np.concatenate([-np.sin(angle), np.sin(angle)], 1).astype(np.float32))
            self.keys = [torch.zeros(self.heads, net["Steps"], 2 * half) for _ in self.blocks]
            self.values = [torch.zeros(self.heads, net["Steps"], 2 * half) for _ in self.blocks]
            self.scale = 1 / math.sqrt(2 * half)

        def forward(self, token, at):
            x = F.embedding(token, self.table)
            cos, sin = self.cos[at], self.sin[at]
            for b, keys, values in zip(self.blocks, self.keys, self.values):
                qkv = b.qkv(b.norm1(x)).view(3, self.heads, -1)
                qk = qkv[:2]
                qk = qk * cos + qk.roll(qk.shape[2] // 2, 2) * sin
                keys[:, at], values[:, at] = qk[1], qkv[2]
                p = torch.bmm(qk[0].unsqueeze(1), keys[:, :at + 1].transpose(1, 2)).mul_(self.scale).softmax(-1)
                x = x + b.out(torch.bmm(p, values[:, :at + 1]).view(1, -1))
                x = x + b.output(F.gelu(b.hidden(b.norm2(x))))
            return F.linear(self.norm(x), self.table, self.bias)


def generation(net, w, variant):
    """A function that writes a token, and the mean cross-entropy of the tokens of a row."""
    m = Step(net, w).eval()
    if "scripted" in variant:
        with torch.no_grad():
            m = torch.jit.script(m)
    x, y = (torch.from_numpy(a[0]) for a in tokens(net, 1))
    state = {"at": 0, "token": torch.zeros(1, dtype=torch.int64)}

    def step():
        logits = m(state["token"], state["at"])
        state["token"] = logits.argmax(1)
        state["at"] += 1
        if state["at"] == net["Steps"]:
            state["at"], state["token"] = 0, torch.zeros(1, dtype=torch.int64)
        state["token"].item()
        return 1

    with torch.inference_mode():
        z = torch.cat([m(x[i:i + 1], i) for i in range(net["Steps"])])
    return step, F.cross_entropy(z, y).item()
