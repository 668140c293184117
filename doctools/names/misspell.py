"""Misspells names at random, to see whether it is noticed."""

from __future__ import annotations

import keyword
import random
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from doctools.names import known
from doctools.names.files import sources


@dataclass(frozen=True)
class Mutant:
    """A misspelt piece of inline code, and whether it is noticed."""

    place: str
    text: str
    changed: str
    noticed: bool


def mutants(paths: Iterable[Path], count: int, seed: int) -> list[Mutant]:
    """Misspell one name each, at random."""
    rng = random.Random(seed)
    spans = [
        (source, paragraph, span)
        for path in paths
        for source in sources(path)
        for paragraph, span in source.spans()
    ]
    found: list[Mutant] = []
    kinds: dict[tuple[str, str], str] = {}
    while len(found) < count:
        source, paragraph, span = rng.choice(spans)
        text = " ".join(span.text.split())
        kind = kinds.setdefault((source.name, text), source.look(paragraph, span).kind)
        changed = misspelt(text, rng, letters=kind not in ("LaTeX", "directive"))
        if changed is None or changed == text:
            continue
        result = source.look(paragraph, span, changed)
        found.append(Mutant(result.place, text, changed, bool(result.fault)))
    return found


def misspelt(text: str, rng: random.Random, *, letters: bool = True) -> str | None:
    """Drop, exchange or add a letter of a name, or take another keyword.

    Without `letters`, names of one letter stay: in LaTeX they are symbols, and any will
    do.
    """
    pattern = r"[A-Za-z_][A-Za-z0-9_]*" if letters else r"[A-Za-z]{2,}"
    words = [m for m in re.finditer(pattern, text) if not keyword.iskeyword(m[0])]
    if not words:
        return None
    match = rng.choice(words)
    word = match[0]
    if text[match.end() : match.end() + 1] == "=" and rng.random() < 0.5:
        others = {
            p
            for name in known.exported()
            for each in known.package_signatures(name)
            for p in each.named
        }
        new = rng.choice(sorted(others - {word}))
    else:
        at = rng.randrange(len(word))
        letter = rng.choice(string.ascii_lowercase)
        how = rng.choice(["drop", "exchange", "add"])
        if how == "drop" and len(word) > 1:
            new = word[:at] + word[at + 1 :]
        elif how == "add":
            new = word[:at] + letter + word[at:]
        else:
            new = word[:at] + letter + word[at + 1 :]
    return text[: match.start()] + new + text[match.end() :]
