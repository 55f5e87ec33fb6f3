# Transformers by PyTorch (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 transformer.py > transformer.json
# Parameters are in the order and the layout of Aegis: kernels (in, out), queries, keys and values
# apart.
import json
import torch

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
out = {}


def num(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def dense(m):
    return [(m.weight, True), (m.bias, False)]


def attention(m):
    e = m.embed_dim
    parts = []
    for i in range(3):
        parts += [(m.in_proj_weight, True, slice(i * e, (i + 1) * e)), (m.in_proj_bias, False, slice(i * e, (i + 1) * e))]
    return parts + dense(m.out_proj)


def norm(m):
    return [(m.weight, False), (m.bias, False)]


def values(parts, grad):
    for p in parts:
        t = p[0].grad if grad else p[0]
        if len(p) == 3:
            t = t[p[2]]
        yield num(t.T.contiguous() if p[1] else t)


def case(name, m, parts, inputs, lengths):
    for p in m.parameters():
        if p.dim() == 1:
            p.data = p.data + 0.3 * torch.randn_like(p)
    for x in inputs:
        x.requires_grad_(True)
    steps = inputs[-1].shape[1]
    padding = torch.arange(steps)[None] >= torch.tensor(lengths)[:, None]
    if len(inputs) == 1:
        y = m(inputs[0], src_key_padding_mask=padding)
    else:
        n = inputs[0].shape[1]
        y = m(*inputs, tgt_mask=torch.full((n, n), -torch.inf).triu(1), memory_key_padding_mask=padding)
    (y * y * torch.linspace(0.1, 1, y.numel()).reshape(y.shape)).sum().backward()
    out[name] = {"x": [num(x) for x in inputs], "lengths": lengths, "y": num(y), "dx": [num(x.grad) for x in inputs],
                 "params": list(values(parts, False)), "grads": list(values(parts, True))}


def encoder(name, first, activation, last):
    m = torch.nn.TransformerEncoderLayer(6, 2, 7, dropout=0, activation=activation, batch_first=True, norm_first=first)
    m.train()
    n1, n2 = norm(m.norm1), norm(m.norm2)
    a, f = attention(m.self_attn), dense(m.linear1) + dense(m.linear2)
    order = n1 + a + n2 + f if first else a + n1 + f + n2
    whole = m
    if last:
        whole = torch.nn.TransformerEncoder(m, 1, torch.nn.LayerNorm(6), enable_nested_tensor=False)
        l = whole.layers[0]
        order = norm(l.norm1) + attention(l.self_attn) + norm(l.norm2) + dense(l.linear1) + dense(l.linear2) + norm(whole.norm)
    case(name, whole, order, [torch.randn(3, 5, 6)], [5, 2, 4])


encoder("encoder", True, "gelu", True)
encoder("encoder post-norm", False, "relu", False)

m = torch.nn.TransformerDecoderLayer(6, 3, 7, dropout=0, activation="relu", batch_first=True, norm_first=False)
case("decoder post-norm", m, attention(m.self_attn) + norm(m.norm1) + attention(m.multihead_attn) + norm(m.norm2)
     + dense(m.linear1) + dense(m.linear2) + norm(m.norm3), [torch.randn(2, 4, 6), torch.randn(2, 5, 6)], [3, 5])

print(json.dumps(out))
