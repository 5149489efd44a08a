"""The reviews for further runs of the domain's language model: those that the first run has not read, and all.

    cargo run --release --bin ulmfit-bench -- lowshot DATA --unlabeled 50000 --write-rows
    python benches/lowshot_rest.py lowshot/rows rest.csv all.csv

The first run reads the first 22,000 texts of `unlabeled.csv`. The rest are its other texts and, without their labels, all
labelled ones that are not held out. No text is taken that is held out, too. The orders are those of fixed seeds.
"""

import csv
import random
import sys
from pathlib import Path

csv.field_size_limit(10**9)
READ = 22_000


def texts(path):
    with open(path, newline="", encoding="utf8") as file:
        return [row[-1] for row in csv.reader(file)]


def write(path, all_texts, seed):
    random.Random(seed).shuffle(all_texts)
    with open(path, "w", newline="", encoding="utf8") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        writer.writerows([text] for text in all_texts)
    print(f"{path}: {len(all_texts)} texts")


def main(folder, rest_path, all_path):
    unlabeled = texts(folder / "unlabeled.csv")
    first, held_out = unlabeled[:READ], set(texts(folder / "held_out.csv"))
    read = set(first)
    labeled = [text for text in texts(folder / "20000_0.csv") if text not in read]
    rest = [text for text in unlabeled[READ:] + labeled if text not in held_out]
    write(all_path, [text for text in first if text not in held_out] + rest, 1)
    write(rest_path, rest, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
