"""scikit-learn's TF-IDF with logistic regression on the rows of a fold.

  peer.py ROWS.jsonl C...    one C: fitted with it; several: chosen on three inner folds

Each row has "part" (train or test), "text" and "label". Prints accuracy and seconds as JSON.
"""
import json
import sys
import time

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

rows = [json.loads(line) for line in open(sys.argv[1])]
part = {p: [r for r in rows if r["part"] == p] for p in ("train", "test")}
texts = {p: [r["text"] for r in list_] for p, list_ in part.items()}
labels = {p: [r["label"] for r in list_] for p, list_ in part.items()}
strengths = [float(c) for c in sys.argv[2:]]
begin = time.perf_counter()
model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=strengths[0], max_iter=1000))
if len(strengths) > 1:
    model = GridSearchCV(model, {"logisticregression__C": strengths}, cv=3)
model.fit(texts["train"], labels["train"])
accuracy = model.score(texts["test"], labels["test"])
print(json.dumps({"Accuracy": accuracy, "Seconds": time.perf_counter() - begin}))
