"""A peer of the comparison: PyTorch, scikit-learn, and OpenBLAS through NumPy.

The parent writes a JSON object a line on standard input and reads one back:

  {"op": "hello"}                          versions, and what the BLAS is
  {"op": "check"}                          largest relative errors against float64
  {"op": "open", "workload": ..., ...}     makes a session, gives its id
  {"op": "window", "id": 0, "seconds": 1}  runs it for about so long, gives its rate
  {"op": "close", "id": 0}                 frees it
  {"op": "forget"}                         frees the rows of the sets
  {"op": "export", "path": ..., ...}       writes a network as ONNX, and beside it its
                                           logits of the first rows, as float32
  {"op": "memory"}                         the peak of resident memory in bytes

What "open" makes of tokens, of attention or of generation has a check besides: a number that
has to be Aegis'. The networks of those are in language.py, which the parent puts before this text.

The BLAS and the instructions that it uses are chosen by the environment, which
the parent sets, as they cannot be changed once the library is loaded.
"""
import ctypes
import inspect
import json
import os
import sys
import time
import traceback
import warnings

import numpy as np

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None
try:
    import sklearn
    from sklearn.neural_network import MLPClassifier
except ImportError:
    sklearn = None

warnings.filterwarnings("ignore")


class OpenBLAS:
    """Its functions; NumPy's own has other names for them."""

    def __init__(self, lib):
        for prefix, suffix in (("", ""), ("scipy_", "64_"), ("scipy_", ""), ("", "64_")):
            if hasattr(lib, prefix + "openblas_set_num_threads" + suffix):
                self.set_num_threads, self.get_corename, self.get_config = (
                    getattr(lib, prefix + "openblas_" + name + suffix) for name in ("set_num_threads", "get_corename", "get_config"))
                self.get_corename.restype = self.get_config.restype = ctypes.c_char_p
                return
        raise AttributeError("no functions of OpenBLAS")


def openblas():
    """The OpenBLAS that this process has loaded, None if it has another BLAS."""
    np.dot(np.ones((8, 8), np.float32), np.ones((8, 8), np.float32))
    with open("/proc/self/maps") as f:
        for line in f:
            path = line.split()[-1]
            if "openblas" in os.path.basename(path):
                try:
                    return OpenBLAS(ctypes.CDLL(path))
                except AttributeError:
                    pass
    return None


blas = openblas()
threads_now = None


def set_threads(n):
    global threads_now
    if n == threads_now:
        return
    if blas is not None:
        blas.set_num_threads(n)
    if torch is not None:
        torch.set_num_threads(n)
    threads_now = n


def hello():
    out = {"python": sys.version.split()[0], "numpy": np.__version__}
    if torch is not None:
        torch.set_flush_denormal(True)
        out["torch"] = torch.__version__
        out["capability"] = next((l.split(":")[1].strip() for l in torch.__config__.show().splitlines() if "CPU capability" in l), "")
    if sklearn is not None:
        out["sklearn"] = sklearn.__version__
    if blas is not None:
        config = blas.get_config().decode().split()
        out["blas"] = "%s %s, %s, kernels %s" % (config[0], config[1], "OpenMP" if "USE_OPENMP" in config else "pthreads", blas.get_corename().decode())
    return out


def check():
    """Relative errors of the products and the convolution that all else is made of."""
    r = np.random.default_rng(1)
    worst = 0.0
    for n in (1, 2):
        set_threads(n)
        for m, k, c in ((1, 30, 16), (32, 30, 16), (128, 784, 256), (100, 333, 77), (64, 3136, 128), (513, 257, 129)):
            for ta in (False, True):
                for tb in (False, True):
                    a = r.standard_normal((k, m) if ta else (m, k)).astype(np.float32)
                    b = r.standard_normal((c, k) if tb else (k, c)).astype(np.float32)
                    a, b = (a.T if ta else a), (b.T if tb else b)
                    want = a.astype(np.float64) @ b.astype(np.float64)
                    out = np.empty((m, c), np.float32)
                    np.dot(a, b, out=out)
                    worst = max(worst, float(np.abs(out - want).max() / np.abs(want).max()))
                    if torch is not None:
                        got = (torch.from_numpy(a) @ torch.from_numpy(b)).numpy()
                        worst = max(worst, float(np.abs(got - want).max() / np.abs(want).max()))
        if torch is not None:
            torch.manual_seed(1)
            x, w = torch.randn(8, 32, 14, 14), torch.randn(64, 32, 3, 3)
            want = F.conv2d(x.double(), w.double(), padding=1)
            for layout in (torch.contiguous_format, torch.channels_last):
                got = F.conv2d(x.contiguous(memory_format=layout), w.contiguous(memory_format=layout), padding=1)
                worst = max(worst, float((got - want).abs().max() / want.abs().max()))
    return {"error": worst if np.isfinite(worst) else 1e30}


def product(o):
    """An SGEMM of m x k by k x n."""
    m, n, k = o["m"], o["n"], o["k"]
    r = np.random.default_rng(1)
    a, b = r.standard_normal((m, k)).astype(np.float32), r.standard_normal((k, n)).astype(np.float32)
    c = np.zeros((m, n), np.float32)
    flop = 2 * m * n * k
    repeat = max(1, int(2e7 / flop))

    def window(seconds):
        calls, begin = 0, time.perf_counter()
        while True:
            for _ in range(repeat):
                np.dot(a, b, out=c)
            calls += repeat
            took = time.perf_counter() - begin
            if took >= seconds:
                return calls * flop / took

    window(0)
    return window


data_cache = {}


def rows(o, which):
    """Rows and classes, which lie in files of the parent's."""
    key = o[which]["x"]
    if key not in data_cache:
        if o[which]["bytes"]:
            x = np.fromfile(o[which]["x"], np.uint8).astype(np.float32) / np.float32(255)
        else:
            x = np.fromfile(o[which]["x"], np.float32)
        data_cache[key] = (x, np.fromfile(o[which]["y"], np.uint8).astype(np.int64))
    x, y = data_cache[key]
    return x.reshape([o[which]["rows"]] + o[which]["shape"]), y


if torch is not None:

    class LSTM(torch.nn.Module):
        def __init__(self, time_major):
            super().__init__()
            self.time_major = time_major
            self.lstm = torch.nn.LSTM(28, 128, batch_first=not time_major)
            # One bias, as in Cho et al.'s formulas: the other stays 0 and is not trained.
            self.lstm.bias_hh_l0.data.zero_()
            self.lstm.bias_hh_l0.requires_grad_(False)
            self.out = torch.nn.Linear(128, 10)

        def forward(self, x):
            y, _ = self.lstm(x)
            return self.out(y[-1] if self.time_major else y[:, -1])

    class Functional(torch.nn.Module):
        """Dense layers without a module for each."""

        def __init__(self, units):
            super().__init__()
            self.w, self.b = torch.nn.ParameterList(), torch.nn.ParameterList()
            for n, m in zip(units, units[1:]):
                one = torch.nn.Linear(n, m)
                self.w.append(one.weight)
                self.b.append(one.bias)
            self.pairs = list(zip(self.w, self.b))

        def forward(self, x):
            for w, b in self.pairs[:-1]:
                x = F.relu(F.linear(x, w, b))
            w, b = self.pairs[-1]
            return F.linear(x, w, b)


def network(name, variant):
    from torch import nn
    if name in ("W1", "W4"):
        units = [784, 256, 128, 10] if name == "W1" else [30, 16, 8, 1]
        if "functional" in variant:
            return Functional(units)
        layers = []
        for n, m in zip(units, units[1:]):
            layers += [nn.Linear(n, m), nn.ReLU()]
        return nn.Sequential(*layers[:-1])
    if name == "W2":
        m = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))
        return m.to(memory_format=torch.channels_last) if "channels last" in variant else m
    return LSTM("time major" in variant)


def tensors(o, which, variant):
    """The set as one tensor, laid out as the variant wants it, and the classes."""
    x, y = rows(o, which)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if o["workload"] == "W2":
        x = x.reshape(-1, 1, 28, 28)
        if "channels last" in variant:
            x = x.contiguous(memory_format=torch.channels_last)
    if o["workload"] == "W3" and "time major" in variant:
        x = x.transpose(0, 1).contiguous()
    if o["workload"] == "W4":
        y = y.to(torch.float32).reshape(-1, 1)
    return x, y


def training(o):
    """Trains on shuffled batches of a set that lies in memory."""
    name, variant, batch = o["workload"], o["variant"], o["batch"]
    torch.manual_seed(1)
    net = network(name, variant)
    x, y = tensors(o, "train", variant)
    count = y.shape[0]
    axis = 1 if name == "W3" and "time major" in variant else 0
    params = [p for p in net.parameters() if p.requires_grad]
    fast = {"fused": True} if "fused" in variant else {"foreach": "foreach" in variant}
    loss_of = F.binary_cross_entropy_with_logits if name == "W4" else F.cross_entropy
    rate = 0.01
    if "by hand" in variant:
        assert name == "W4"
        optimizer = None
    elif name == "W4":
        optimizer = torch.optim.SGD(params, lr=rate, **fast)
    else:
        optimizer = torch.optim.Adam(params, lr=1e-3, **fast)
    if "traced" in variant:
        net = torch.jit.trace(net, x.narrow(axis, 0, batch))
    net.train()
    if "compiled" in variant:
        net = torch.compile(net)
    state = {"order": torch.randperm(count), "at": 0}

    def step():
        at = state["at"]
        if at >= count:
            state["order"], at = torch.randperm(count), 0
        index = state["order"][at:at + batch]
        state["at"] = at + batch
        loss = loss_of(net(x.index_select(axis, index)), y.index_select(0, index))
        if optimizer is not None:
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        else:
            grads = torch.autograd.grad(loss, params)
            with torch.no_grad():
                torch._foreach_add_(params, grads, alpha=-rate)
        return index.shape[0]

    return looped(step, 16 if name == "W4" else 1)


def looped(step, every):
    def window(seconds):
        seen, begin = 0, time.perf_counter()
        while True:
            for _ in range(every):
                seen += step()
            took = time.perf_counter() - begin
            if took >= seconds:
                return seen / took

    window(0)
    return window


def inference(o):
    """Predicts batches, or one row after another."""
    name, variant, batch = o["workload"], o["variant"], o["rows"]
    torch.manual_seed(1)
    net = network(name, variant).eval()
    x, _ = tensors(o, "predict", variant)
    axis = 1 if name == "W3" and "time major" in variant else 0
    parts = [p.contiguous(memory_format=torch.channels_last) if "channels last" in variant else p.contiguous()
             for p in x.split(batch, axis) if p.shape[axis] == batch][:2048]
    if "compiled" in variant:
        from torch._inductor import config as inductor
        inductor.freezing = True
        net = torch.compile(net)
    with torch.inference_mode():
        if "traced" in variant or "optimized" in variant:
            with torch.no_grad():
                net = torch.jit.trace(net, parts[0])
            net = torch.jit.optimize_for_inference(net) if "optimized" in variant else torch.jit.freeze(net)
        for _ in range(3):  # the profiling executor compiles in its first runs
            net(parts[0])
    state = {"at": 0}

    def step():
        state["at"] = (state["at"] + 1) % len(parts)
        net(parts[state["at"]])
        return batch

    run = looped(step, 64 if batch == 1 else 1)

    def window(seconds):
        with torch.inference_mode():
            return run(seconds)

    return window


def export(o):
    """Writes a network for a batch of so many rows as an ONNX model."""
    torch.manual_seed(1)
    net = network(o["workload"], "plain").eval()
    x, _ = tensors(o, "predict", "plain")
    x = x[:o["rows"]].contiguous()
    # Newer versions have two exporters, of which the first needs no other package.
    older = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    with torch.no_grad():
        torch.onnx.export(net, x, o["path"], input_names=["x"], output_names=["y"], **older)
        net(x).numpy().tofile(o["path"] + ".want")
    return {}


def learner(o):
    """scikit-learn's MLPClassifier on the table: whole fits of so many epochs."""
    x, y = rows(o, "train")

    def fit(epochs):
        m = MLPClassifier((16, 8), solver="sgd", momentum=0, alpha=0, learning_rate_init=0.01, batch_size=o["batch"],
                          max_iter=epochs, tol=0, n_iter_no_change=1 << 30, random_state=1)
        begin = time.perf_counter()
        m.fit(x, y)
        assert m.n_iter_ == epochs
        return time.perf_counter() - begin

    each = fit(10) / 10

    def window(seconds):
        epochs = max(1, int(seconds / each))
        return epochs * len(y) / fit(epochs)

    return window


def language(o):
    """Trains on tokens; gives the loss of the first rows with the first weights besides."""
    net, variant = o["net"], o["variant"]
    torch.manual_seed(1)
    m = language_network(net, safetensors(o["weights"]), variant).train()
    key = "%s %d" % (net["Name"], net["Rows"])
    if key not in data_cache:
        data_cache[key] = tokens(net, net["Rows"])
    x, y = (torch.from_numpy(np.ascontiguousarray(a)) for a in data_cache[key])
    with torch.no_grad():
        check = language_loss(m, x[:net["Batch"]], y[:net["Batch"]]).item()
    learn = language_optimizer(net, m, variant)
    state = {"order": torch.randperm(len(x)), "at": 0}

    def step():
        at = state["at"]
        if at >= len(x):
            state["order"], at = torch.randperm(len(x)), 0
        index = state["order"][at:at + net["Batch"]]
        state["at"] = at + net["Batch"]
        learn(language_loss(m, x.index_select(0, index), y.index_select(0, index)))
        return index.shape[0]

    return looped(step, 1), check


def attending(o):
    """Attention alone: passes a second."""
    passes, check = attention(o)

    def step():
        passes()
        return 1

    return looped(step, 1), check


def writing(o):
    """Generation: tokens a second."""
    step, check = generation(o["net"], safetensors(o["weights"]), o["variant"])
    run = looped(step, 8)

    def window(seconds):
        with torch.inference_mode():
            return run(seconds)

    return window, check


sessions = []


def answer(o):
    op = o["op"]
    if op == "hello":
        return hello()
    if op == "check":
        return check()
    if op == "open":
        set_threads(o["threads"])
        make = {"product": product, "training": training, "inference": inference, "learner": learner,
                "language": language, "attention": attending, "generation": writing}[o["kind"]]
        window, told = make(o), None
        if isinstance(window, tuple):
            window, told = window
        sessions.append((o["threads"], window))
        return {"id": len(sessions) - 1, "check": told}
    if op == "export":
        return export(o)
    if op == "close":
        sessions[o["id"]] = None
        return {}
    if op == "forget":
        data_cache.clear()
        return {}
    if op == "memory":
        with open("/proc/self/status") as f:
            return {"peak": next(int(l.split()[1]) * 1024 for l in f if l.startswith("VmHWM"))}
    if op == "window":
        threads, window = sessions[o["id"]]
        set_threads(threads)
        return {"rate": window(o["seconds"])}
    raise ValueError("unknown op %r" % op)


def main():
    # Whatever a library prints goes to standard error.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as e:
            result = {"failed": "%s: %s" % (type(e).__name__, str(e).strip().splitlines()[-1] if str(e).strip() else ""), "trace": traceback.format_exc()}
        out.write(json.dumps(result) + "\n")
        out.flush()


main()
