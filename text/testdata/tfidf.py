"""Makes tfidf.json: what scikit-learn 1.2.1's TfidfVectorizer and CountVectorizer make of lines of
Newton's Opticks, and of made-up ones. /usr/bin/python3 tfidf.py"""
import json, subprocess
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
book = [l.strip() for l in open(root + "/src/testdata/Isaac.Newton-Opticks.txt", encoding="utf-8") if len(l) > 30]
train = book[100:260:4] + ["Élan vital é_à 12 a b", "日本 の 光 光", "x", ""]
test = book[101:121:4] + ["unseen zebra", "", "The THE the light of the Sun 12 é_à", "a-b c_d 3.14"]
cases = [
    ({}, dict()),
    (dict(Longest=2, MinTexts=2, Sublinear=True), dict(ngram_range=(1, 2), min_df=2, sublinear_tf=True)),
    (dict(Characters=True, Shortest=2, Longest=4, MaxShare=0.6), dict(analyzer="char_wb", ngram_range=(2, 4), max_df=0.6)),
    (dict(KeepCase=True, Counts=True), dict(lowercase=False)),
]
out = []
for ours, theirs in cases:
    v = (CountVectorizer if ours.get("Counts") else TfidfVectorizer)(**theirs)
    v.fit(train)
    m = v.transform(test).tocsr()
    m.sort_indices()
    terms = v.get_feature_names_out()
    rows = [[[terms[j], x] for j, x in sorted(zip(m.indices[m.indptr[i]:m.indptr[i + 1]].tolist(), m.data[m.indptr[i]:m.indptr[i + 1]].tolist()))] for i in range(len(test))]
    out.append(dict(Settings=ours, Terms=len(terms), First=terms[:3].tolist(), Last=terms[-3:].tolist(), Rows=rows))
json.dump(dict(train=train, test=test, cases=out), open("tfidf.json", "w"), ensure_ascii=False, separators=(",", ":"))
