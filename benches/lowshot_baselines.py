"""The baselines of the low-shot study, on the very rows of `ulmfit-bench lowshot DATA --write-rows`.

    pip install scikit-learn scipy fasttext-wheel
    python benches/lowshot_baselines.py lowshot/rows docs/lowshot.jsonl

Appends a line to the file for each cell that it does not hold yet, in the format of `ulmfit-bench lowshot`. Nothing but
the labels of a cell enters its training: C is chosen by cross-validation within them. Word counts and inverse document
frequencies may see the unlabelled texts.
"""

import csv
import json
import re
import sys
import tempfile
import time
from pathlib import Path

import fasttext
import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

csv.field_size_limit(10**9)
TOKEN = r"(?u)\b\w+\b|[^\w\s]"
CHOICES = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0]


def read(path):
    with open(path, newline="", encoding="utf8") as file:
        rows = [row for row in csv.reader(file) if row]
    return [row[-1] for row in rows], np.array([int(row[0]) for row in rows])


def best(fit_predict, features, labels, seed):
    """The C with the most right answers over 5 folds of the cell's own labels; of equals the smallest."""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(features, labels))

    def right(choice):
        return sum(np.sum(fit_predict(features[a], labels[a], features[b], choice) == labels[b]) for a, b in folds)

    scores = [right(choice) for choice in CHOICES]
    return CHOICES[int(np.argmax(scores))]


def tfidf_logreg(texts, labels, held_out, unlabeled, seed):
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode", token_pattern=TOKEN
    )
    vectorizer.fit(texts + unlabeled)
    features = vectorizer.transform(texts)

    def fit_predict(x, y, other, c):
        return LogisticRegression(C=c, max_iter=1000).fit(x, y).predict(other)

    c = best(fit_predict, features, labels, seed)
    return fit_predict(features, labels, vectorizer.transform(held_out), c), {"C": c}


def nb_svm(texts, labels, held_out, unlabeled, seed):
    """Two classes. Wang & Manning 2012: log-count ratios of binary features, an SVM interpolated with them (beta 0.25)."""
    vectorizer = CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=TOKEN)
    vectorizer.set_params(min_df=2 if len(texts) > 200 else 1)
    features = sparse.csr_matrix(vectorizer.fit_transform(texts), dtype=np.float64)

    def fit_predict(x, y, other, c):
        positive = y == 1
        p = 1.0 + np.asarray(x[positive].sum(0)).ravel()
        q = 1.0 + np.asarray(x[~positive].sum(0)).ravel()
        ratio = np.log((p / p.sum()) / (q / q.sum()))
        model = LinearSVC(C=c, max_iter=3000, random_state=seed).fit(x.multiply(ratio).tocsr(), positive)
        w = model.coef_.ravel()
        w = 0.75 * np.abs(w).mean() + 0.25 * w
        return (other.multiply(ratio).tocsr() @ w + 0.25 * model.intercept_[0] > 0).astype(int)

    c = best(fit_predict, features, labels, seed)
    other = sparse.csr_matrix(vectorizer.transform(held_out), dtype=np.float64)
    return fit_predict(features, labels, other, c), {"C": c}


def fast_text(texts, labels, held_out, unlabeled, seed):
    def plain(text):
        return " ".join(re.findall(r"\w+|[^\w\s]", text.lower().replace("\n", " ")))

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf8") as file:
        file.write("".join(f"__label__{y} {plain(x)}\n" for x, y in zip(texts, labels)))
        file.flush()
        settings = {"lr": 0.5, "epoch": 25, "wordNgrams": 2, "dim": 100, "minCount": 1}
        model = fasttext.train_supervised(input=file.name, thread=1, seed=seed + 1, verbose=0, **settings)
    # `predict` of the wheel asks for an older numpy; what it calls does not.
    answers = [model.f.predict(plain(text) + "\n", 1, 0.0, "strict") for text in held_out]
    return np.array([int(found[0][1].removeprefix("__label__")) for found in answers]), settings


BASELINES = {"tfidf-logreg": tfidf_logreg, "nb-svm": nb_svm, "fasttext": fast_text}


def main(folder, path):
    path = Path(path)
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    known = {(line["column"], line["labels"], line["seed"]) for line in done}
    held_out, truth = read(folder / "held_out.csv")
    unlabeled, _ = read(folder / "unlabeled.csv")
    cells = sorted(tuple(map(int, file.stem.split("_"))) for file in folder.glob("*_[0-9]*.csv") if file.stem[0].isdigit())
    for labels, seed in cells:
        texts, classes = read(folder / f"{labels}_{seed}.csv")
        for name, fit in BASELINES.items():
            if (name, labels, seed) in known or (name == "nb-svm" and classes.max() > 1):
                continue
            start = time.process_time()
            found, chosen = fit(texts, classes, held_out, unlabeled, seed)
            minutes = (time.process_time() - start) / 60
            line = {"column": name, "labels": labels, "seed": seed, "accuracy": float(np.mean(found == truth))}
            line |= {"of": len(truth), "train_cpu_min": round(minutes, 3), "chosen": chosen}
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(line, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
