"""Makes texts.json: what scikit-learn 1.2.1 makes of lines of Newton's Opticks, of its first and of
its last part. /usr/bin/python3 texts.py"""
import json, subprocess
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
book = [l.strip() for l in open(root + "/src/testdata/Isaac.Newton-Opticks.txt", encoding="utf-8") if len(l) > 40]
parts = [book[200:1000:10], book[3000:3800:10], book[6000:6800:10]]
train = [l for p in parts for l in p[:60]]
y = [k for k, p in enumerate(parts) for l in p[:60]]
test = [l for p in parts for l in p[60:]]
out = dict(train=train, labels=y, test=test)
for name, classes in (("two", 2), ("three", 3)):
    n = 60 * classes
    m = 20 * classes
    v = TfidfVectorizer(ngram_range=(1, 2)).fit(train[:n])
    l = LogisticRegression(C=10, solver="newton-cg", tol=1e-12, max_iter=10000).fit(v.transform(train[:n]), y[:n])
    out["logistic " + name] = np.round(l.predict_proba(v.transform(test[:m])), 12).tolist()
    v = CountVectorizer().fit(train[:n])
    b = MultinomialNB(alpha=0.5).fit(v.transform(train[:n]), y[:n])
    out["bayes " + name] = np.round(b.predict_proba(v.transform(test[:m])), 14).tolist()
json.dump(out, open("texts.json", "w"), ensure_ascii=False, separators=(",", ":"))
