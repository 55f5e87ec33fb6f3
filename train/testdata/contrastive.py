# Values and gradients of Contrastive by PyTorch (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 contrastive.py > contrastive.json
import json
import torch
import torch.nn.functional as F

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
cases = []


def add(name, rows, width, scale, ids=None, one_sided=False):
    q, a = (torch.randn(rows, width, requires_grad=True) for _ in range(2))
    z = scale * q @ a.T
    if ids is not None:
        t = torch.tensor(ids)
        z = z.masked_fill((t[:, None] == t[None, :]) & ~torch.eye(rows, dtype=bool), -torch.inf)
    places = torch.arange(rows)
    loss = F.cross_entropy(z, places, reduction="none")
    if not one_sided:
        loss = (loss + F.cross_entropy(z.T, places, reduction="none")) / 2
    loss.mean().backward()
    flat = lambda x: x.detach().flatten().tolist()
    cases.append({"name": name, "width": width, "scale": scale, "ids": ids, "oneSided": one_sided, "question": flat(q), "answer": flat(a),
                  "loss": flat(loss), "questionGrad": flat(q.grad), "answerGrad": flat(a.grad)})


add("plain", 5, 3, 1)
add("scaled", 4, 6, 2.5)
add("one sided", 6, 2, 1, one_sided=True)
add("distinct answers", 4, 3, 1, ids=[7, 2, 9, 4])
add("an answer twice", 5, 4, 1.5, ids=[3, 1, 3, 0, 2])
add("all answers twice", 6, 3, 1, ids=[0, 1, 2, 0, 1, 2])
add("one answer", 3, 3, 1, ids=[8, 8, 8])
add("one row", 1, 3, 1, ids=[0])
print(json.dumps(cases))
