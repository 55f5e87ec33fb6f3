"""Makes kneserney.json: interpolated modified Kneser-Ney by dictionaries and plain loops over whole n-grams, from
the formulas of Chen & Goodman (1999). The lines are from Newton's Opticks, which comes with Go. python3 kneserney.py"""
import collections, json, math, subprocess

root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
book = [l.strip() for l in open(root + "/src/testdata/Isaac.Newton-Opticks.txt", encoding="utf-8") if len(l) > 30]
B = -1  # the mark before a text


def fit(order, texts):
    grams = [collections.Counter() for _ in range(order + 1)]
    for t in texts:
        t = [B] + t
        for n in range(1, order + 1):
            for i in range(len(t) - n + 1):
                g = tuple(t[i:i + n])
                if g != (B,):
                    grams[n][g] += 1
    counts = [None] * (order + 1)
    for n in range(1, order + 1):
        if n == order:
            counts[n] = dict(grams[n])
            continue
        before = collections.defaultdict(set)
        for g in grams[n + 1]:
            before[g[1:]].add(g[0])
        counts[n] = {g: (c if g[0] == B else len(before[g])) for g, c in grams[n].items()}
    discounts = [None]
    for n in range(1, order + 1):
        k = [sum(1 for c in counts[n].values() if c == i) for i in range(5)]
        d = None
        if all(k[1:]):
            y = k[1] / (k[1] + 2 * k[2])
            d = [i - (i + 1) * y * k[i + 1] / k[i] for i in (1, 2, 3)]
        discounts.append((d, False) if d and min(d) > 0 else ([0.5, 1.0, 1.5], True))
    after = [collections.defaultdict(dict) for _ in range(order + 1)]
    for n in range(1, order + 1):
        for g, c in counts[n].items():
            after[n][g[:-1]][g[-1]] = c
    return after, discounts


def prob(model, vocab, context, w):
    after, discounts = model
    n = len(context) + 1
    lower = prob(model, vocab, context[1:], w) if context else 1 / vocab
    follow = after[n].get(tuple(context))
    if not follow:
        return lower
    d = discounts[n][0]
    total = sum(follow.values())
    off = sum(d[min(c, 3) - 1] for c in follow.values())
    c = follow.get(w, 0)
    return (c - d[min(c, 3) - 1] if c else 0) / total + off / total * lower


def case(name, order, vocab, texts, held):
    model = fit(order, texts)
    contexts = [[B], [], [B] + held[0][:2], held[0][3:3 + order], held[-1][:order + 3], [0] * 12]
    rows = []
    for c in contexts:
        used = c[max(0, len(c) - order + 1):]
        rows.append(dict(Context=c, Probs=[prob(model, vocab, used, w) for w in range(vocab)]))
    logs = []
    for t in held:
        h, s = [B], 0.0
        for w in t:
            s += math.log(prob(model, vocab, h[max(0, len(h) - order + 1):], w))
            h.append(w)
        logs.append(s)
    return dict(Name=name, Order=order, Vocab=vocab, Texts=texts, Held=held, Rows=rows, LogProbs=logs, Discounts=[d for d, _ in model[1][1:]], Fallbacks=[f for _, f in model[1][1:]], Sizes=[sum(len(f) for f in a.values()) for a in model[0][1:]])


lines, held = book[300:420], book[700:704]
letters = {c: i for i, c in enumerate(sorted(set("".join(lines + held))))}
spell = lambda ls: [[letters[c] for c in l] for l in ls]
names = {}
word = lambda ls: [[names.setdefault(w, len(names)) for w in l.split()] for l in ls]
out = [case("letters of order %d" % n, n, len(letters) + 1, spell(lines[:40]), spell(held)) for n in (1, 2, 3, 6)]
w, h = word(lines), word(held)
out.append(case("words of order 3", 3, len(names) + 1, w, h))
out.append(case("one stream of order 4", 4, len(letters) + 1, [sum(spell(lines[:40]), [])], spell(held)))
out.append(case("small", 3, 4, [[0, 1, 0, 1, 2], [1, 0], [], [2]], [[0, 1, 2, 3], [3]]))
json.dump(out, open("kneserney.json", "w"), separators=(",", ":"))
