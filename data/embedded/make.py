# Writes the CSV files of this folder from those in scikit-learn (Debian: python3-sklearn):
#   /usr/bin/python3 make.py
# Columns are named as in scikit-learn, classes by their names; the numbers are the files' own texts.
import csv, gzip, os, io
import sklearn.datasets as d

here = os.path.dirname(os.path.abspath(__file__))
source = os.path.join(os.path.dirname(d.__file__), "data")


def text(name):
    path = os.path.join(source, name)
    if name.endswith(".gz"):
        return gzip.open(path, "rt").read()
    return open(path).read()


def write(name, header, rows):
    out = io.StringIO()
    w = csv.writer(out, lineterminator="\n")
    w.writerow(header)
    w.writerows(rows)
    with open(os.path.join(here, name), "wb") as f:
        with gzip.GzipFile(filename="", mode="wb", fileobj=f, mtime=0) as z:
            z.write(out.getvalue().encode())


def classes(name, load, file, target):
    b = load()
    rows = [r for r in csv.reader(io.StringIO(text(file)))][1:]
    names = [str(n) for n in b.target_names]
    write(name, list(b.feature_names) + [target], [r[:-1] + [names[int(r[-1])]] for r in rows])


classes("iris.csv.gz", d.load_iris, "iris.csv", "species")
classes("wine.csv.gz", d.load_wine, "wine_data.csv", "cultivar")
classes("breast_cancer.csv.gz", d.load_breast_cancer, "breast_cancer.csv", "diagnosis")

b = d.load_digits()
rows = [[int(float(c)) for c in l.split(",")] for l in text("digits.csv.gz").split()]
write("digits.csv.gz", list(b.feature_names) + ["digit"], rows)

b = d.load_diabetes(scaled=False)
x = [l.split() for l in text("diabetes_data_raw.csv.gz").strip().split("\n")]
y = text("diabetes_target.csv.gz").split()
number = lambda c: repr(float(c)) if float(c) != int(float(c)) else str(int(float(c)))
write("diabetes.csv.gz", list(b.feature_names) + ["progression"], [[number(c) for c in r] + [number(t)] for r, t in zip(x, y)])
