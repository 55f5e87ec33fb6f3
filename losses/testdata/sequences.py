# Values and gradients of SequenceCrossEntropy by PyTorch (Debian: python3-torch 1.13), float64:
#   /usr/bin/python3 sequences.py > sequences.json
import json
import torch
import torch.nn.functional as F

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
cases = []


def add(name, shape, classes, ignore, smoothing=0.0, masked=0.4, extra=()):
    pred = (torch.randn(*shape, classes) * 2).requires_grad_(True)
    want = torch.randint(0, classes, shape)
    if ignore < 0:
        want[torch.rand(shape) < masked] = ignore
    for i, k in enumerate(extra):
        want.view(-1)[i] = k
    z = pred.movedim(-1, 1)  # PyTorch has the classes second
    seen = want.clone()
    for k in extra:
        seen[want == k] = ignore
    ce = F.cross_entropy(z, seen, ignore_index=ignore, label_smoothing=smoothing, reduction="none")
    mask = (seen != ignore).double()
    rows = lambda x: x.reshape(shape[0], -1).sum(1)
    loss = rows(ce) / rows(mask).clamp(min=1)
    loss.sum().backward()
    cases.append({"name": name, "shape": list(pred.shape), "pred": pred.detach().flatten().tolist(), "want": want.flatten().tolist(),
                  "ignore": [ignore, *extra], "smoothing": smoothing, "loss": loss.detach().tolist(), "grad": pred.grad.flatten().tolist()})


add("plain", (3, 5), 4, -1, masked=0)
add("masked", (5, 7), 3, -1)
add("one step", (4, 1), 3, -1)
add("a row without steps", (2, 3), 3, -1, masked=1)
add("class 0 is padding", (4, 6), 5, 0)
add("-100", (3, 6), 4, -100)
add("two targets ignored", (3, 6), 4, -1, extra=(2,))
add("smoothing", (4, 9), 6, -1, smoothing=0.1)
add("pixels", (2, 3, 4), 3, -1, smoothing=0.05)
add("33 classes", (2, 17), 33, -1)
print(json.dumps(cases))
