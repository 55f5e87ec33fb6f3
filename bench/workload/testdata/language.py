# The first losses of the trainings on tokens by PyTorch (Debian: python3-torch 1.13), float32,
# with the networks of ../../compare/language.py, which the comparison of speeds runs:
#   /usr/bin/python3 language.py > language.json
#
# First weights and tokens come from the generator of losses.py; scales are one more.
import json
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "compare"))
import language as l  # noqa: E402
import torch  # noqa: E402

# Those of workload.Languages.
NETS = {
    "LM1": dict(Vocab=96, Steps=64, Batch=32, Dim=128, Depth=4, Heads=4, Units=512, Lazy=False),
    "LM2": dict(Vocab=96, Steps=256, Batch=8, Dim=256, Depth=6, Heads=8, Units=1024, Lazy=False),
    "LM3": dict(Vocab=96, Steps=64, Batch=32, Dim=128, Depth=2, Heads=0, Units=256, Lazy=False),
    "E1": dict(Vocab=50000, Steps=200, Batch=32, Dim=64, Depth=0, Heads=0, Units=0, Lazy=False),
    "E2": dict(Vocab=50000, Steps=200, Batch=32, Dim=64, Depth=0, Heads=0, Units=0, Lazy=True),
}
STEPS = {"LM2": 10}  # it takes a second a step


def weights(net):
    out = {}
    for s, (path, shape) in enumerate(l.parameters(net)):
        limit = 0.05 if len(shape) == 1 else np.sqrt(3 / np.prod(shape[:-1]))
        v = (2 * l.stream(s, int(np.prod(shape))) - 1) * limit + path.endswith("/scale")
        out[path] = v.astype(np.float32).reshape(shape)
    return out


torch.set_num_threads(1)
out = {"torch": torch.__version__}
for name, net in NETS.items():
    out[name] = [float("%.9g" % v) for v in l.language_losses(net, weights(net), "baddbmm", STEPS.get(name, 50))]
    first = l.language_losses(net, weights(net), "modules, bag, time major", 2)
    assert np.allclose(first, out[name][:2], rtol=1e-5), (name, first, out[name][:2])
print(json.dumps(out, indent=1))
