# Attention, rotary positions and RMSNorm by PyTorch (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 attention.py > attention.json
# Attention is torch.nn.functional.multi_head_attention_forward with identities as projections;
# rotary positions are products of complex numbers.
import json
import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
out = {}


def num(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def loss(y):
    return (y * y * torch.linspace(0.1, 1, y.numel()).reshape(y.shape)).sum()


def attention(name, batch, queries, keys, heads, dim, kv=None, causal=False, lengths=None, bias=None):
    kv = kv or heads
    q = torch.randn(batch, queries, heads * dim, requires_grad=True)
    k = torch.randn(batch, keys, kv * dim, requires_grad=True)
    v = torch.randn(batch, keys, kv * dim, requires_grad=True)
    b = torch.randn(*bias, queries, keys, requires_grad=True) if bias else None

    def full(x):  # one head of keys for each of queries, steps first
        x = x.reshape(batch, keys, kv, dim).repeat_interleave(heads // kv, dim=2)
        return x.reshape(batch, keys, heads * dim).transpose(0, 1)

    mask = torch.zeros(batch, heads, queries, keys)
    if b is not None:
        mask = mask + b
    if causal:
        mask = mask.masked_fill(torch.ones(queries, keys).triu(keys - queries + 1).bool(), -torch.inf)
    padding = None
    if lengths:
        padding = torch.arange(keys)[None] >= torch.tensor(lengths)[:, None]
    e = heads * dim
    y, _ = F.multi_head_attention_forward(
        q.transpose(0, 1), full(k), full(v), e, heads, torch.cat([torch.eye(e)] * 3), None, None, None, False, 0.0, torch.eye(e), None,
        training=True, key_padding_mask=padding, need_weights=False, attn_mask=mask.reshape(batch * heads, queries, keys))
    y = y.transpose(0, 1)
    loss(y).backward()
    out[name] = {"heads": heads, "kv": kv, "causal": causal, "lengths": lengths or [], "in": [num(x) for x in (q, k, v, b) if x is not None],
                 "y": num(y), "grads": [num(x.grad) for x in (q, k, v, b) if x is not None]}


attention("plain", 2, 5, 5, 2, 4)
attention("cross", 2, 3, 7, 3, 2)
attention("causal", 2, 4, 6, 2, 3, causal=True)
attention("grouped", 2, 4, 5, 6, 2, kv=2)
attention("lengths", 3, 4, 5, 2, 3, lengths=[5, 2, 1])
attention("bias", 2, 4, 5, 2, 3, bias=(1, 2))
attention("long", 1, 70, 150, 2, 2, causal=True)


def rotary(name, interleaved, offset):
    x = torch.randn(2, 4, 3, 6, requires_grad=True)
    pairs = torch.view_as_complex(x.reshape(2, 4, 3, 3, 2).contiguous()) if interleaved else torch.complex(x[..., :3], x[..., 3:])
    angles = torch.outer(torch.arange(4) + offset, 10000.0 ** (-torch.arange(3) / 3))
    turned = pairs * torch.polar(torch.ones_like(angles), angles)[None, :, None]
    y = torch.view_as_real(turned).reshape(2, 4, 3, 6) if interleaved else torch.cat([turned.real, turned.imag], -1)
    loss(y).backward()
    out[name] = {"heads": 3, "offset": offset, "interleaved": interleaved, "in": [num(x.reshape(2, 4, 18))], "y": num(y.reshape(2, 4, 18)), "grads": [num(x.grad.reshape(2, 4, 18))]}


rotary("rotary", False, 3)
rotary("rotary interleaved", True, 0)

x, gamma = torch.randn(3, 4, 5, requires_grad=True), torch.randn(5, requires_grad=True)
y = x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-3) * gamma
loss(y).backward()
out["rmsnorm"] = {"in": [num(x), num(gamma)], "y": num(y), "grads": [num(x.grad), num(gamma.grad)]}

print(json.dumps(out))
