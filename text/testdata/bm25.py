"""Makes bm25.json: scores of lines of Newton's Opticks, which comes with Go, by the formula of BM25 with Lucene's
idf, in plain loops over words. python3 bm25.py"""
import json, math, re, subprocess

root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
book = [l.strip() for l in open(root + "/src/testdata/Isaac.Newton-Opticks.txt", encoding="utf-8") if len(l) > 30]
texts = book[200:260] + ["", "light light light", "x"]
split = lambda s: re.findall(r"\w\w+", s.lower())
docs = [split(t) for t in texts]
mean = sum(map(len, docs)) / len(docs)
out = []
for k1, b in ((1.2, 0.75), (2.0, 0.3), (0.5, 1.0), (1.2, 0)):
    for q in ("the light of the rays", "light", "refraction, or reflexion of colours", "zebra", "Prism prism"):
        scores = []
        for i, d in enumerate(docs):
            s = 0.0
            for t in split(q):
                df = sum(t in e for e in docs)
                tf = d.count(t)
                if tf:
                    s += math.log(1 + (len(docs) - df + 0.5) / (df + 0.5)) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(d) / mean))
            if s > 0:
                scores.append([i, s])
        out.append(dict(K1=k1, B=b, Query=q, Scores=scores))
json.dump(dict(Texts=texts, Cases=out), open("bm25.json", "w"), ensure_ascii=False, separators=(",", ":"))
