# Networks for images by torchvision 0.14.1 on PyTorch 1.13 (Debian: python3-torchvision), in float64:
#   /usr/bin/python3 torchvision.py > torchvision.json
# and weights as PyTorch has them in memory, for reading them from a file:
#   /usr/bin/python3 torchvision.py files
# Weights and images are formulas of their number and of the element's, which the tests in Go repeat.
import json
import math
import struct
import sys
import numpy
import torch
from torch import nn
import importlib

sys.path.pop(0)  # this file is named as the package
tv = importlib.import_module("torchvision.models")
torch.manual_seed(1)


def even(number, size):
    """size numbers, spread evenly over [-1, 1) by a hash of their places and of the tensor's number."""
    mask = numpy.uint64(0xFFFFFFFF)
    x = (numpy.arange(size, dtype=numpy.uint64) * numpy.uint64(0x9E3779B1) + numpy.uint64(number * 0x85EBCA77)) & mask
    for shift, factor in [(15, 0x2C1B3C6D), (12, 0x297A2D39)]:
        x = ((x ^ (x >> numpy.uint64(shift))) * numpy.uint64(factor)) & mask
    x ^= x >> numpy.uint64(15)
    return x.astype(numpy.float64) / 2**31 - 1


def formula(number, name, shape):
    u = even(number, math.prod(shape))
    last = name.split(".")[-1]
    if last == "running_var":
        v = 1 + 0.5 * u
    elif last in ("layer_scale", "class_token", "pos_embedding", "cls_token", "pos_embed"):
        v = 0.5 * u
    elif len(shape) > 1:
        v = math.sqrt(6 / math.prod(shape[1:])) * u
    elif last == "weight":
        v = 1 + 0.25 * u
    else:
        v = 0.1 * u
    return torch.tensor(v.astype(numpy.float32).reshape(shape))


def fill(net):
    """Sets all weights; returns their names and shapes."""
    state, names = net.state_dict(), []
    for name, t in state.items():
        if t.is_floating_point():
            t.copy_(formula(len(names), name, list(t.shape)))
            names.append([name, list(t.shape)])
    return names


def narrow(net, k, classes=10):
    """Divides all widths by k, except colours and classes."""
    def less(n):
        return n if n == 3 else n // k
    for name, m in list(net.named_modules()):
        parent = net.get_submodule(name.rpartition(".")[0]) if name else None
        if isinstance(m, nn.Conv2d):
            new = nn.Conv2d(less(m.in_channels), less(m.out_channels), m.kernel_size, m.stride, m.padding, m.dilation, max(1, m.groups // k), m.bias is not None)
        elif isinstance(m, nn.BatchNorm2d):
            new = nn.BatchNorm2d(m.num_features // k, m.eps, m.momentum)
        elif isinstance(m, nn.Linear):
            new = nn.Linear(m.in_features // k, classes if m.out_features == 1000 else m.out_features // k)
        else:
            continue
        setattr(parent, name.rpartition(".")[2], new)
    return net


def conv_norm(i, o, stride=1, norm=True):
    return [nn.Conv2d(i, o, 3, stride, 1, bias=not norm)] + ([nn.BatchNorm2d(o)] if norm else [])


class Block(nn.Module):
    """He et al. (2015), section 4.2, option A."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.body = nn.Sequential(*conv_norm(i, o, stride), nn.ReLU(), *conv_norm(o, o))
        self.more, self.stride = (o - i) // 2, stride

    def forward(self, x):
        short = nn.functional.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.more, self.more))
        return torch.relu(short + self.body(x))


class CIFAR(nn.Module):
    def __init__(self, depth, width=16, classes=10):
        super().__init__()
        self.stem = nn.Sequential(*conv_norm(3, width), nn.ReLU())
        channels = width
        for s in range(3):
            stage = nn.Sequential()
            for k in range((depth - 2) // 6):
                stage.add_module(f"block{k + 1}", Block(channels, width << s, 2 if s > 0 and k == 0 else 1))
                channels = width << s
            self.add_module(f"stage{s + 1}", stage)
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        return self.head(self.stage3(self.stage2(self.stage1(self.stem(x)))).mean((2, 3)))


class UNet(nn.Module):
    """Ronneberger et al. (2015), with borders of zeros."""

    def __init__(self, levels, width, classes, norm):
        super().__init__()

        def pair(i, o):
            return nn.Sequential(*conv_norm(i, o, norm=norm), nn.ReLU(), *conv_norm(o, o, norm=norm), nn.ReLU()) if norm else \
                nn.ModuleList([nn.Conv2d(i, o, 3, 1, 1), nn.Conv2d(o, o, 3, 1, 1)])
        self.levels = levels
        for i in range(levels):
            self.add_module(f"down{i + 1}", pair(width << i >> 1 if i else 3, width << i))
        self.bottom = pair(width << levels >> 1, width << levels)
        for i in reversed(range(levels)):
            self.add_module(f"double{i + 1}", nn.ConvTranspose2d(width << i + 1, width << i, 2, 2))
            self.add_module(f"up{i + 1}", pair(width << i + 1, width << i))
        self.head = nn.Conv2d(width, classes, 1)

    def run(self, name, x):
        m = getattr(self, name)
        if isinstance(m, nn.ModuleList):
            return torch.relu(m[1](torch.relu(m[0](x))))
        return m(x)

    def forward(self, x):
        skips = []
        for i in range(self.levels):
            skips.append(self.run(f"down{i + 1}", x))
            x = nn.functional.max_pool2d(skips[-1], 2)
        x = self.run("bottom", x)
        for i in reversed(range(self.levels)):
            x = self.run(f"up{i + 1}", torch.cat([skips[i], getattr(self, f"double{i + 1}")(x)], 1))
        return self.head(x).permute(0, 2, 3, 1).flatten(1)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.qkv, self.proj, self.heads = nn.Linear(width, 3 * width), nn.Linear(width, width), heads

    def forward(self, x):
        q, k, v = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, 2))
        weights = (q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).softmax(3)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))


class DeiTBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attn, self.norm2 = nn.LayerNorm(width, 1e-6), Attention(width, heads), nn.LayerNorm(width, 1e-6)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp.fc2(nn.functional.gelu(self.mlp.fc1(self.norm2(x))))


class DeiT(nn.Module):
    """A vision transformer whose weights have the names of timm 0.4, as deit_tiny_patch16_224 has them."""

    def __init__(self, side, patch, depth, heads, width, classes=10):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (side // patch) ** 2, width))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, patch, patch)})
        self.blocks = nn.Sequential(*[DeiTBlock(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def efficient(width, depth, classes=10):
    conf, last = tv.efficientnet._efficientnet_conf("efficientnet_b0", width_mult=width, depth_mult=depth)
    return tv.EfficientNet(conf, 0.2, num_classes=classes, last_channel=last)


def convnext(depths, width, classes=10):
    conf = [tv.convnext.CNBlockConfig(width << i, width << i + 1 if i < 3 else None, d) for i, d in enumerate(depths)]
    return tv.ConvNeXt(conf, 0.1, num_classes=classes)


# name: network, shape of the images; "full" ones are as published
nets = {
    "alexnet": lambda: (narrow(tv.alexnet(), 8), (2, 3, 70, 67)),
    "vgg11": lambda: (narrow(tv.vgg11(), 16), (2, 3, 40, 33)),
    "vgg16_bn": lambda: (narrow(tv.vgg16_bn(), 16), (2, 3, 32, 64)),
    "resnet18": lambda: (narrow(tv.resnet18(), 8), (2, 3, 64, 50)),
    "resnet34": lambda: (narrow(tv.resnet34(), 16), (2, 3, 33, 33)),
    "resnet50": lambda: (narrow(tv.resnet50(), 8), (2, 3, 64, 64)),
    "mobilenet_v2": lambda: (tv.mobilenet_v2(width_mult=0.25, num_classes=10), (2, 3, 64, 48)),
    "efficientnet_b0": lambda: (efficient(0.25, 1), (2, 3, 64, 48)),
    "efficientnet deeper": lambda: (efficient(0.3, 1.4), (1, 3, 48, 48)),
    "convnext_tiny": lambda: (convnext([1, 2, 3, 1], 12), (2, 3, 64, 64)),
    "vit": lambda: (tv.VisionTransformer(32, 8, 3, 2, 16, 64, num_classes=10), (2, 3, 32, 32)),
    "deit": lambda: (DeiT(24, 8, 3, 2, 12), (2, 3, 24, 24)),
    "cifar20": lambda: (CIFAR(20), (2, 3, 32, 32)),
    "cifar32": lambda: (CIFAR(32, 4), (2, 3, 32, 32)),
    "unet": lambda: (UNet(3, 4, 2, False), (1, 3, 16, 24)),
    "unet norm": lambda: (UNet(2, 4, 3, True), (2, 3, 8, 12)),
    "full alexnet": lambda: (tv.alexnet(), (1, 3, 224, 224)),
    "full vgg11": lambda: (tv.vgg11(), (1, 3, 224, 224)),
    "full vgg16": lambda: (tv.vgg16(), (1, 3, 224, 224)),
    "full resnet18": lambda: (tv.resnet18(), (1, 3, 224, 224)),
    "full resnet34": lambda: (tv.resnet34(), (1, 3, 224, 224)),
    "full resnet50": lambda: (tv.resnet50(), (1, 3, 224, 224)),
    "full mobilenet_v2": lambda: (tv.mobilenet_v2(), (1, 3, 224, 224)),
    "full efficientnet_b0": lambda: (tv.efficientnet_b0(), (1, 3, 224, 224)),
    "full convnext_tiny": lambda: (tv.convnext_tiny(), (1, 3, 224, 224)),
    "full deit_tiny": lambda: (tv.VisionTransformer(224, 16, 12, 3, 192, 768), (1, 3, 224, 224)),
    "full unet": lambda: (UNet(4, 64, 2, False), (1, 3, 64, 64)),
}
IMAGES = 9999  # the number of the images, as of a weight


def images(shape):
    return torch.tensor(even(IMAGES, math.prod(shape)).reshape(shape))


def save(path, tensors):  # Debian has no package of safetensors
    header, data = {}, b""
    kinds = {torch.float32: "F32", torch.float16: "F16", torch.int64: "I64"}
    for name, t in tensors.items():
        raw = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": kinds[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


if sys.argv[1:] == ["files"]:
    out = {}
    for name, net, shape in [("vit", tv.VisionTransformer(16, 8, 1, 2, 8, 16, num_classes=3), (2, 3, 16, 16)),
                             ("resnet18", narrow(tv.resnet18(), 32, 3), (2, 3, 32, 32))]:
        for _ in range(3):  # running statistics that are not those of the beginning
            net.train()(torch.randn(8, *shape[1:]) + 0.5)
        half = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
        save(name + ".safetensors", half)
        net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in half.items()})
        net = net.double().eval()
        with torch.no_grad():
            out[name] = {"shape": shape, "logits": net(images(shape)).flatten().tolist()}
    json.dump(out, open("files.json", "w"))
    sys.exit()

out = {}
for name, make in nets.items():
    net, shape = make()
    count = sum(p.numel() for p in net.parameters())
    names = fill(net)
    net = net.double().eval()
    with torch.no_grad():
        y = net(images(shape)).flatten()
    out[name] = {"count": count, "names": names, "shape": shape, "logits": y[:20].tolist(),
                 "sum": y.sum().item(), "squares": (y * y).sum().item(), "largest": y.abs().max().item()}
    print(name, count, out[name]["largest"], file=sys.stderr)
text = json.dumps(out, separators=(",", ":"))
print(text.replace('},"', '},\n"'))
