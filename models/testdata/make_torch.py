# Two networks of PyTorch with their weights in the safetensors format, and their
# outputs (Debian: python3-torch 1.13):
#   /usr/bin/python3 make_torch.py
# The files are written here by hand, as the format's description has it, because
# Debian has no package of safetensors.
import json
import struct
import torch

torch.manual_seed(3)
NAMES = {torch.float32: "F32", torch.float16: "F16", torch.int64: "I64"}


def save(path, tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": NAMES[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


class Images(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 4, (3, 2), padding=0)
        self.bn = torch.nn.BatchNorm2d(4)
        self.grouped = torch.nn.Conv2d(4, 6, 2, groups=2, bias=False)
        self.up = torch.nn.ConvTranspose2d(6, 3, (2, 3), stride=2)
        self.fc = torch.nn.Linear(3 * 6 * 11, 5)

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        x = torch.tanh(self.grouped(x))
        x = torch.relu(self.up(x))
        return self.fc(torch.flatten(x, 1))


class Words(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(11, 5)
        self.conv = torch.nn.Conv1d(5, 4, 3)
        self.norm = torch.nn.LayerNorm(4)
        self.lstm = torch.nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = torch.nn.GRU(6, 4, batch_first=True)
        self.rnn = torch.nn.RNN(4, 3, batch_first=True)
        self.fc = torch.nn.Linear(3, 2)

    def forward(self, x):
        x = self.conv(self.words(x).transpose(1, 2)).transpose(1, 2)
        x, _ = self.lstm(self.norm(x))
        x, _ = self.gru(x)
        _, h = self.rnn(x)
        return self.fc(h[0])


out = {}
images = Images()
for _ in range(5):  # running statistics that are not those of the beginning
    images(torch.randn(16, 2, 6, 7) * 2 + 1)
images.bn.weight.data = torch.rand(4) + 0.5
images.bn.bias.data = torch.randn(4)
images.eval()
x = torch.randn(3, 2, 6, 7)
out["images"] = {"x": x.permute(0, 2, 3, 1).reshape(-1).tolist(), "y": images(x).reshape(-1).tolist()}
save("torch_images.safetensors", images.state_dict())

words = Words().eval()
words.norm.weight.data = torch.rand(4) + 0.5
words.norm.bias.data = torch.randn(4)
x = torch.randint(0, 11, (3, 8))
out["words"] = {"x": x.reshape(-1).tolist(), "y": words(x).reshape(-1).tolist()}
save("torch_words.safetensors", words.state_dict())

# The same with weights in float16; PyTorch computes with those rounded weights.
half = {k: v.half() for k, v in words.state_dict().items()}
words.load_state_dict({k: v.float() for k, v in half.items()})
out["words in half"] = {"x": x.reshape(-1).tolist(), "y": words(x).reshape(-1).tolist()}
save("torch_words_half.safetensors", half)

json.dump(out, open("torch.json", "w"))
