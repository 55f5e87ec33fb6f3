"""Seconds of an epoch of TabM (32 members, 3 x 256, batches of 256) on 10,000 rows of 50 columns
with PyTorch: the network of Gorishniy et al. (2024), arXiv:2410.24210, with the mean squared error
of each member and AdamW. Beside it: go test ./recipes/tabular -run XXX -bench 'TabM|NetsApart'.

    /usr/bin/python3 bench/opponents/tabm.py [threads]
"""
import statistics, sys, time
import torch

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
torch.manual_seed(1)
rows, columns, members, units, batch = 10000, 50, 32, 256, 256


class BatchEnsemble(torch.nn.Module):
    def __init__(self, inputs, outputs, first):
        super().__init__()
        limit = inputs ** -0.5
        self.w = torch.nn.Parameter(torch.empty(inputs, outputs).uniform_(-limit, limit))
        self.r = torch.nn.Parameter(torch.randint(0, 2, (members, inputs)) * 2.0 - 1 if first else torch.ones(members, inputs))
        self.s = torch.nn.Parameter(torch.ones(members, outputs))
        self.b = torch.nn.Parameter(torch.empty(members, outputs).uniform_(-limit, limit))

    def forward(self, x):
        return torch.relu((x * self.r) @ self.w * self.s + self.b)


class TabM(torch.nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [columns, units, units, units]
        self.layers = torch.nn.ModuleList(BatchEnsemble(a, b, i == 0) for i, (a, b) in enumerate(zip(sizes, sizes[1:])))
        self.w = torch.nn.Parameter(torch.empty(members, units, 1).uniform_(-1 / 16, 1 / 16))
        self.b = torch.nn.Parameter(torch.zeros(members, 1))

    def forward(self, x):
        x = x[:, None, :].expand(-1, members, -1)
        for layer in self.layers:
            x = layer(x)
        return torch.einsum("bki,kio->bko", x, self.w) + self.b


x = torch.randn(rows, columns)
y = x[:, :1] + x[:, 1:2] * x[:, 2:3]
net = TabM()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
times = []
for epoch in range(5):
    order = torch.randperm(rows)
    begin = time.perf_counter()
    for i in range(0, rows, batch):
        rows_of = order[i:i + batch]
        optimizer.zero_grad()
        loss = ((net(x[rows_of]) - y[rows_of][:, None, :]) ** 2).mean()
        loss.backward()
        optimizer.step()
    times.append(time.perf_counter() - begin)
print("PyTorch %s, %d threads: %.3f s an epoch (median of %d)" % (torch.__version__, torch.get_num_threads(), statistics.median(times), len(times)))
