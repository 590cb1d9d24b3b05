"""The manual's table of findings has each of the doctor's sentences, and none that it does not say."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def arguments(text, begin):
    """What stands between the parenthesis before `begin` and the one that closes it."""
    depth, at = 1, begin
    while depth:
        literal = LITERAL.match(text, at)
        if literal:
            at = literal.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return text[begin:at - 1]


def sentences():
    """(file, the literals of one finding as one text)"""
    for path in sorted((ROOT / "health/core/doctor").glob("*.cpp")):
        text = path.read_text()
        for call in re.finditer(r"\.add\(", text):
            words = "".join(LITERAL.findall(arguments(text, call.end())))
            yield path.name, words.replace('\\"', '"')


def phrases():
    """Those of the middle column."""
    manual = (ROOT / "deploy/manual/operations.md").read_text()
    section = manual.split("### Findings")[1].split("\n## ")[0]
    for line in section.splitlines():
        cells = line.split(" | ")
        if line.startswith("| ") and len(cells) == 3 and "`" in cells[1]:
            yield from re.findall(r"`([^`]+)`", cells[1])


def test_each_finding_stands_in_the_manual():
    said, named = list(sentences()), list(phrases())
    assert len(said) > 40 and len(named) > 40
    missing = [f"{file}: {words}" for file, words in said if not any(phrase in words for phrase in named)]
    assert not missing, "in no row of deploy/manual/operations.md:\n  " + "\n  ".join(missing)
    unsaid = [phrase for phrase in named if not any(phrase in words for _, words in said)]
    assert not unsaid, "no finding says: " + ", ".join(unsaid)
