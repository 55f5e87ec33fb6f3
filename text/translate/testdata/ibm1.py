"""Makes ibm1.json: translation probabilities of IBM Model 1 with the empty word, by dictionaries, on pairs of a made-up
language. python3 ibm1.py"""
import collections, json, math, random

random.seed(1)
pairs = []
for _ in range(40):
    s = [random.choice("abcdefgh") for _ in range(random.randrange(1, 7))]
    t = [w.upper() for w in s if random.random() < 0.9] or ["X"]
    if random.random() < 0.5:
        t.reverse()
    if random.random() < 0.4:
        t.insert(random.randrange(len(t) + 1), "THE")
    pairs.append((s, t))
targets = sorted({e for _, t in pairs for e in t})
out = []
for steps in (1, 2, 10):
    p = collections.defaultdict(lambda: 1 / len(targets))
    logs = []
    for _ in range(steps):
        count, total, log = collections.Counter(), collections.Counter(), 0.0
        for s, t in pairs:
            s = [""] + s
            for e in t:
                z = sum(p[f, e] for f in s)
                log += math.log(z / len(s))
                for f in s:
                    count[f, e] += p[f, e] / z
                    total[f] += p[f, e] / z
        logs.append(log)
        p = collections.defaultdict(float, {(f, e): c / total[f] for (f, e), c in count.items()})
    out.append(dict(Steps=steps, LogLikelihoods=logs, Probs={f: {e: p[f, e] for e in targets} for f in [""] + list("abcdefgh")}))
json.dump(dict(Pairs=[dict(Source=s, Target=t) for s, t in pairs], Cases=out), open("ibm1.json", "w"), separators=(",", ":"))
