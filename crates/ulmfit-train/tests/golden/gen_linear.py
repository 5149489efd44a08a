"""What scikit-learn's linear models score on words and pairs of this project's own tokens: linear.json.

    pip install scikit-learn zstandard
    python gen_linear.py DATA ULMFIT > linear.json

DATA is the folder that ULMFIT_DATA_DIR names, ULMFIT the command `ulmfit`, whose verb `tokenize` makes the tokens. Only
figures are written, no text. Figures of scikit-learn 1.9.1.
"""

import collections
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import zstandard
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

csv.field_size_limit(10**9)
CHOICES = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0]
DROPPED = {"xxbos", "xxeos", "xxpad", "xxmaj"}
SPECIAL = DROPPED | {"xxunk", "xxfld", "xxrep", "xxwrep", "xxup"}


def grams(tokens):
    found, before = [], None
    for token in tokens:
        if token in DROPPED:
            continue
        found.append(token)
        if token not in SPECIAL:
            if before is not None:
                found.append(before + " " + token)
            before = token
    return found


def read(path, label, text, header):
    rows = csv.reader(io.StringIO(zstandard.decompress(path.read_bytes(), max_output_size=10**9).decode()))
    rows = [row for row in rows if row][int(header) :]
    return [row[text] for row in rows], [row[label] for row in rows]


def scattered(texts, labels):
    """In an order that both sides make without random numbers."""
    order = [n * 7919 % len(texts) for n in range(len(texts))]
    return [texts[n] for n in order], [labels[n] for n in order]


def tokenized(texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run(
        [sys.argv[2], "tokenize", "--jsonl", "-"], input=lines, text=True, capture_output=True, check=True
    )
    return [grams(json.loads(line)["tokens"]) for line in done.stdout.splitlines()]


def folds(y):
    seen, fold = collections.Counter(), []
    for label in y:
        fold.append(seen[label] % 5)
        seen[label] += 1
    return np.array(fold)


def chosen(fit_predict, x, y, choices=CHOICES):
    fold = folds(y)
    right = [
        sum(int(np.sum(fit_predict(x[fold != k], y[fold != k], x[fold == k], c) == y[fold == k])) for k in range(5))
        for c in choices
    ]
    best = int(np.argmax(right))
    return choices[best], right[best]


def tf_idf(labeled, y, unlabeled, test):
    vectorizer = TfidfVectorizer(analyzer=list, min_df=2, sublinear_tf=True).fit(labeled + unlabeled)
    x = vectorizer.transform(labeled)

    def fit_predict(x, y, other, c):
        return LogisticRegression(C=c, max_iter=1000, tol=1e-6, solver="newton-cg").fit(x, y).predict(other)

    c, right = chosen(fit_predict, x, y)
    return c, right, fit_predict(x, y, vectorizer.transform(test), c)


def nb_svm(labeled, y, unlabeled, test):
    vectorizer = CountVectorizer(analyzer=list, binary=True, min_df=2 if len(y) > 200 else 1)
    x = sparse.csr_matrix(vectorizer.fit_transform(labeled), dtype=np.float64)
    n = int(y.max()) + 1

    def fit_predict(x, y, other, c):
        scores = []
        for k in range(n) if n > 2 else [1]:
            positive = y == k
            p = 1.0 + np.asarray(x[positive].sum(0)).ravel()
            q = 1.0 + np.asarray(x[~positive].sum(0)).ravel()
            ratio = np.log((p / p.sum()) / (q / q.sum()))
            model = LinearSVC(C=c, max_iter=2000, tol=1e-5, dual=False).fit(x.multiply(ratio).tocsr(), positive)
            w = model.coef_.ravel()
            w = 0.75 * np.abs(w).mean() + 0.25 * w
            scores.append(other.multiply(ratio).tocsr() @ w + 0.25 * model.intercept_[0])
        scores = np.stack(scores, 1)
        return scores.argmax(1) if n > 2 else (scores[:, 0] > 0).astype(int)

    # Beyond, the documents are separated: liblinear stops short, and what is right does not change any more.
    c, right = chosen(fit_predict, x, y, [c for c in CHOICES if c <= 1])
    other = sparse.csr_matrix(vectorizer.transform(test), dtype=np.float64)
    return c, right, fit_predict(x, y, other, c)


def exact():
    """Weights of small problems, solved to the end."""
    rng = np.random.default_rng(0)
    x = np.round(rng.random((40, 12)) * (rng.random((40, 12)) < 0.4), 2)
    two, three = rng.integers(0, 2, 40), rng.integers(0, 3, 40)
    out = {"x": x.tolist(), "two": two.tolist(), "three": three.tolist(), "c": 3.0}
    for name, y, model in [
        ("logistic", two, LogisticRegression(C=3.0, tol=1e-10, max_iter=100000, solver="newton-cg")),
        ("softmax", three, LogisticRegression(C=3.0, tol=1e-10, max_iter=100000, solver="newton-cg")),
        ("squared_hinge", two, LinearSVC(C=3.0, tol=1e-9, max_iter=100000, dual=False)),
    ]:
        model.fit(x, y)
        out[name] = {"weights": model.coef_.tolist(), "bias": model.intercept_.tolist()}
    return out


def main():
    data = Path(sys.argv[1])
    sets = {
        "sentence_polarity": (data / "sentence_polarity/sentence_polarity.csv.zst", 0, 1, True, 5000, [100, 500]),
        "movie_reviews": (data / "movie_reviews/movie_reviews.csv.zst", 1, 2, True, 1200, [100, 500]),
        "trec6": (data / "trec6/train.csv.zst", 0, 1, False, 4000, [500, 1000]),  # 100 have one document of a class
    }
    figures = []
    for name, (path, label, text, header, test_from, sizes) in sets.items():
        texts, labels = scattered(*read(path, label, text, header))
        documents, classes = tokenized(texts), sorted(set(labels))
        y = np.array([classes.index(label) for label in labels])
        unlabeled, test, truth = documents[1000:test_from], documents[test_from:], y[test_from:]
        for n in sizes:
            for kind, fit in [("tf_idf", tf_idf), ("nb_svm", nb_svm)]:
                c, right, found = fit(documents[:n], y[:n], unlabeled, test)
                accuracy = float(np.mean(found == truth))
                line = {"set": name, "labels": n, "kind": kind, "c": c, "cross_validated": right, "accuracy": accuracy}
                figures.append(line)
                print(line, file=sys.stderr, flush=True)
    json.dump({"exact": exact(), "figures": figures}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
