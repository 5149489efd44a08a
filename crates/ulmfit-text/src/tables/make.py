"""Writes english.rs, entities.rs and unicode.rs beside this file.

    python3 make.py spacy_en_tables.json

The argument is the dump of spaCy's blank English tokenizer that tests/golden/make/gen_tokens.py writes (field names
`rules`, `prefix`, `suffix`, `infix`, `url_match`). The entity names and the character properties come from Python itself.
"""
import json
import re
import re._constants as op
import re._parser as parser
import sys
import warnings
from html import _invalid_charrefs, _invalid_codepoints
from pathlib import Path

warnings.simplefilter("ignore")  # The expressions hold "[[" and the like, which is what we want.
HERE = Path(__file__).parent
TOP = 0x110000


def string(text):
    """A Rust string literal; everything but plain printable ASCII is escaped."""
    out = ""
    for c in text:
        out += {"\\": "\\\\", '"': '\\"'}.get(c) or (c if " " <= c <= "~" else "\\u{%x}" % ord(c))
    return f'"{out}"'


def table(name, kind, doc, items, width=112):
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > width:
            lines.append(line)
            line = "   "
        line += f" {item},"
    lines.append(line)
    body = "\n".join(lines)
    return f"\n/// {doc}\n#[rustfmt::skip]\npub(crate) const {name}: &[{kind}] = &[\n{body}\n];\n"


def ranges(points):
    out = []
    for p in sorted(points):
        if out and out[-1][1] == p - 1:
            out[-1][1] = p
        else:
            out.append([p, p])
    return out


def members(items):
    """The code points of a parsed character class."""
    out = set()
    for kind, value in items:
        if kind == op.LITERAL:
            out.add(value)
        elif kind == op.RANGE:
            out.update(range(value[0], value[1] + 1))
        else:
            raise ValueError(kind)
    return out


def alternatives(pattern):
    """The alternatives of a parsed expression as lists of items (a shared first item is put back)."""
    tree = list(parser.parse(pattern))
    at = next(i for i, (kind, _) in enumerate(tree) if kind == op.BRANCH)
    return [tree[:at] + list(a) for a in tree[at][1][1]]


def classes(tab):
    prefix, suffix, infix = set(), set(), set()
    for a in alternatives(tab["prefix"]):
        a = [i for i in a if i[0] != op.AT]
        if len(a) == 1:
            prefix |= members(a[0][1]) if a[0][0] == op.IN else {a[0][1]}
    behind = []
    for a in alternatives(tab["suffix"]):
        a = [i for i in a if i[0] != op.AT]
        if len(a) == 1:
            suffix |= members(a[0][1]) if a[0][0] == op.IN else {a[0][1]}
        elif a[0][0] == op.ASSERT:
            behind.append((a[0][1][1], a[1:]))
    currency = {"".join(chr(i[1]) for i in b) for b in behind[2][1][0][1][1]}
    units = {"".join(chr(i[1]) for i in b) for b in behind[3][1][0][1][1]}
    before_stop, upper = members(behind[4][0][0][1]), members(behind[5][0][0][1])
    inner = alternatives(tab["infix"])
    icon = members(inner[2][0][1])
    stop_left, stop_right = members(inner[4][0][1][1][0][1]), members(inner[4][2][1][1][0][1])
    alpha = members(inner[5][0][1][1][0][1])
    assert alpha == members(inner[5][2][1][1][0][1]) == members(inner[7][2][1][1][0][1])
    assert members(inner[6][0][1][1][0][1]) == members(inner[7][0][1][1][0][1]) == alpha | set(range(48, 58))
    tail = re.search(r"\)\+\(\?:(\[.*\])\{2,63\}\)\)\(\?::", tab["url_match"]).group(1)
    domain = members(parser.parse(tail)[0][1])
    flags = dict(PREFIX=prefix, SUFFIX=suffix, CURRENCY={ord(c) for c in currency if len(c) == 1}, ICON=icon,
                 BEFORE_STOP=before_stop, UPPER=upper, STOP_LEFT=stop_left, STOP_RIGHT=stop_right, ALPHA=alpha, DOMAIN=domain)
    assert sorted(c for c in currency if len(c) > 1) == ["A$", "C$", "US$"]
    return flags, sorted(units)


def english(tab):
    flags, units = classes(tab)
    out = "//! Tables of spaCy's blank English tokenizer (MIT, see THIRD-PARTY.md). Written by make.py.\n\n"
    docs = dict(
        PREFIX="Cut from the front of a chunk.", SUFFIX="Cut from the end of a chunk.",
        CURRENCY="Cut from the end after a digit.", ICON="Symbols that also split inside a chunk.",
        BEFORE_STOP="A full stop after this is cut from the end.", UPPER="So is one after two of these.",
        STOP_LEFT="A full stop between this", STOP_RIGHT="and this splits.", ALPHA="Letters of any script.",
        DOMAIN="Last part of a host name.")
    for i, name in enumerate(flags):
        out += f"/// {docs[name]}\npub(crate) const {name}: u16 = 1 << {i};\n"
    of = {}
    for i, points in enumerate(flags.values()):
        for p in points:
            of[p] = of.get(p, 0) | 1 << i
    runs = []
    for p in sorted(of):
        if runs and runs[-1][1] == p - 1 and runs[-1][2] == of[p]:
            runs[-1][1] = p
        else:
            runs.append([p, p, of[p]])
    out += table("CLASSES", "(u32, u32, u16)", "First and last code point of a range, and its flags; sorted, disjoint.",
                 [f"(0x{a:x}, 0x{b:x}, 0x{f:x})" for a, b, f in runs])
    out += table("UNITS", "&str", "Units of measure, cut from the end after a digit.", map(string, units))
    out += table("EXCEPTIONS", "&[&str]", "Special cases: the pieces; their concatenation is the text.",
                 ["&[" + ", ".join(string(d["ORTH"]) for d in v) + "]" for k, v in sorted(tab["rules"].items())
                  if not k.startswith("xx") and not k.isspace()])
    return out


def entities():
    out = "//! Numeric character references that Python's `html.unescape` corrects or drops. Written by make.py.\n"
    out += table("REPLACED", "(u32, &str)", "Numbers that stand for another character.",
                 [f"(0x{k:x}, {string(v)})" for k, v in sorted(_invalid_charrefs.items())])
    out += table("DROPPED", "(u32, u32)", "Ranges of numbers that stand for nothing.",
                 [f"(0x{a:x}, 0x{b:x})" for a, b in ranges(_invalid_codepoints)])
    return out


def unicode():
    out = "//! Character properties where Python and Rust differ. Written by make.py.\n"
    for name, doc, test in [("ALPHA", "Python's `str.isalpha`.", str.isalpha),
                            ("NUMERIC", "Python's `str.isalnum` without `isalpha`.", lambda c: c.isalnum() and not c.isalpha()),
                            ("DECIMAL", "Python's `\\\\d` in a regular expression.".replace("\\\\", "\\"), str.isdecimal),
                            ("TITLE", "Titlecase letters (category Lt).", str.istitle)]:
        points = [p for p in range(0x80, TOP) if test(chr(p)) and (name != "TITLE" or not chr(p).isupper())]
        out += table(name, "(u32, u32)", doc + " Beyond ASCII.", [f"(0x{a:x}, 0x{b:x})" for a, b in ranges(points)])
    return out


if __name__ == "__main__":
    tab = json.load(open(sys.argv[1], encoding="utf8"))
    for name, text in [("english", english(tab)), ("entities", entities()), ("unicode", unicode())]:
        (HERE / f"{name}.rs").write_text(text, encoding="utf8")
