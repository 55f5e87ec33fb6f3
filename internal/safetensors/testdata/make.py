# Storage types by NumPy (float16) and PyTorch (bfloat16, quantization); Debian:
# python3-numpy 1.24, python3-torch 1.13:
#   /usr/bin/python3 make.py > storage.json
import hashlib
import json
import numpy as np
import torch

rng = np.random.default_rng(5)
np.seterr(all="ignore")


def hexes(a, width):
    return ["%0*x" % (width, int(v)) for v in a]


# All half patterns as float32, every NaN as 7fc00000.
halves = np.arange(65536, dtype=np.uint16).view(np.float16)
wide = halves.astype(np.float32)
bits = wide.view(np.uint32).copy()
bits[np.isnan(wide)] = 0x7FC00000
out = {"halves_sha256": hashlib.sha256(bits.astype("<u4").tobytes()).hexdigest()}

# float64 to float16: random numbers of all magnitudes, the midpoints between two
# halves and their neighbours, subnormals, overflows.
x = rng.standard_normal(400) * 2.0 ** rng.integers(-30, 20, 400)
pairs = rng.integers(0, 0x7BFF, 200).astype(np.uint16)
mid = (pairs.view(np.float16).astype(np.float64) + (pairs + 1).astype(np.uint16).view(np.float16).astype(np.float64)) / 2
edge = np.array([0.0, -0.0, np.inf, -np.inf, 65504, 65519.99999, 65520, 65536, 1e300, 2.0**-24, 2.0**-25, 2.0**-25 * 1.0000001, 2.0**-26, 2.0**-14, 5e-324, 1 + 2.0**-11 + 2.0**-40])
x = np.concatenate([x, mid, -mid, np.nextafter(mid, 0), np.nextafter(mid, 1e9), edge])
out["f64"] = hexes(x.view(np.uint64), 16)
out["f16"] = hexes(x.astype(np.float16).view(np.uint16), 4)

# float32 to float16 and to bfloat16.
y = np.concatenate([
    rng.integers(0, 2**32, 400, dtype=np.uint32),
    (rng.integers(0, 2**16, 100, dtype=np.uint32) << 16) | 0x8000,  # ties of bfloat16
    (rng.integers(0, 2**16, 50, dtype=np.uint32) << 16) | 0x8001,
    (rng.integers(0, 2**16, 50, dtype=np.uint32) << 16) | 0x7FFF,
    np.array([0, 0x80000000, 1, 0x8000, 0x8001, 0x007FFFFF, 0x7F7FFFFF, 0x7F7F7FFF, 0x7F7F8000, 0x7F800000, 0xFF800000], dtype=np.uint32),
]).astype(np.uint32)
y = y[~np.isnan(y.view(np.float32))]
out["f32"] = hexes(y, 8)
out["f32_f16"] = hexes(y.view(np.float32).astype(np.float16).view(np.uint16), 4)
b = torch.from_numpy(y.view(np.float32).copy()).to(torch.bfloat16).to(torch.float32).numpy()
out["f32_bf16"] = hexes(b.view(np.uint32) >> 16, 4)

# Quantized (5, 4), per tensor and per column; the last column is 0 throughout.
w = (rng.standard_normal((5, 4)) * np.array([1, 10, 0.01, 0])).astype(np.float32)
w[:, 1] += 20
out["w"] = w.reshape(-1).tolist()
for name, dtype in (("I8", torch.qint8), ("U8", torch.quint8)):
    for per in ("tensor", "column"):
        groups = [w] if per == "tensor" else [w[:, j] for j in range(4)]
        scales, zeros = [], []
        for g in groups:
            low, high = min(0.0, float(g.min())), max(0.0, float(g.max()))
            s = np.float32(max(-low, high) / 127 if name == "I8" else (high - low) / 255)
            s = s if s > 0 else np.float32(1)
            scales.append(float(s))
            zeros.append(0 if name == "I8" else int(round(-low / float(s))))
        t = torch.from_numpy(w)
        if per == "tensor":
            q = torch.quantize_per_tensor(t, scales[0], zeros[0], dtype)
        else:
            q = torch.quantize_per_channel(t, torch.tensor(scales), torch.tensor(zeros), 1, dtype)
        out[name + " " + per] = {"scale": scales, "zero": zeros, "q": q.int_repr().reshape(-1).tolist(), "w": q.dequantize().reshape(-1).tolist()}

print(json.dumps(out))
