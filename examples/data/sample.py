#!/usr/bin/env python3
"""Makes the sample beside this file from the sentences of Pang and Lee's sentence polarity dataset v1.0.

    zstd -dc sentence_polarity.csv.zst | python3 sample.py FOLDER [LABELED UNLABELED HELD_OUT]

Reads rows `label,text` with a header and draws as many of each class for each part. The sentences are published in lower
case with spaces between tokens; spaces before punctuation go and first letters become capital, so that they look like
what people write. Nothing else is changed.
"""

import csv
import random
import re
import sys


def written(text):
    """The sentence as a person would type it."""
    text = re.sub(r"\s+", " ", text.strip())
    text = re.sub(r"\.( \.)+", "...", text)
    text = re.sub(r"\s+([.,;:!?%)\]}])", r"\1", text)
    text = re.sub(r"([(\[{])\s+", r"\1", text)
    text = re.sub(r"\s+('(?:s|m|d|re|ve|ll)|n't)\b", r"\1", text)
    # Quotes open and close in turn.
    parts = text.split('"')
    if len(parts) % 2 == 1:
        text = "".join(p if i % 2 == 0 else f'"{p.strip()}"' for i, p in enumerate(parts))
    text = re.sub(r"\bi\b", "I", text)
    return re.sub(r"(^\W*|[.!?] )([a-z])", lambda m: m[1] + m[2].upper(), text)


def main():
    folder = sys.argv[1]
    labeled, unlabeled, held_out = (int(n) for n in sys.argv[2:5] or (3000, 3000, 1000))
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    rows = {written(row["text"]): row["label"] for row in csv.DictReader(sys.stdin)}
    rng = random.Random(0)
    heaps = {name: sorted(text for text, label in rows.items() if label == name) for name in ("neg", "pos")}
    for texts in heaps.values():
        rng.shuffle(texts)
    for name, n in [("test", held_out), ("train", labeled), ("unsup", unlabeled)]:
        taken = [(label, heaps[key].pop()) for label, key in enumerate(("neg", "pos")) for _ in range(n // 2)]
        rng.shuffle(taken)
        with open(f"{folder}/{name}.csv", "w", newline="", encoding="utf-8") as out:
            for label, text in taken:
                csv.writer(out, lineterminator="\n").writerow([2 if name == "unsup" else label, text])
    with open(f"{folder}/classes.txt", "w", encoding="utf-8") as out:
        out.write("neg\npos\n")


main()
