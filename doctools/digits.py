"""Changes digits of running text at random and counts what is noticed."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from doctools.numbers import Page, Text
from doctools.quantities import Number

_WORDS = ["half", "a third", "a quarter", "a fifth", "a tenth", "two thirds"]
_TIMES = ["two", "three", "four", "five", "six", "eight", "ten"]


def changed(number: Number, text: str, rng: random.Random) -> str:
    """The text with one digit, or the word, of a number changed."""
    before, after = text[: number.start], text[number.end :]
    places = [m.start() for m in re.finditer(r"\d", number.text)]
    if places:
        at = rng.choice(places)
        old = number.text[at]
        # A leading zero of 10 would be another way to write.
        lowest = 1 if at == places[0] and old != "0" else 0
        new = rng.choice([d for d in range(lowest, 10) if str(d) != old])
        return before + number.text[:at] + str(new) + number.text[at + 1 :] + after
    pool = _TIMES if number.text.lower() in _TIMES else _WORDS
    return before + rng.choice([w for w in pool if w != number.text.lower()]) + after


def noticed(page: Page, text: Text, number: Number, rng: random.Random) -> bool:
    """Whether the check notices a change of a number that is bound."""
    whole = text.paragraph.text
    new = replace(
        text, paragraph=replace(text.paragraph, text=changed(number, whole, rng))
    )
    alone = Page(page.path, page.source)
    alone.__dict__["texts"] = [new]
    found = alone.findings()
    quotes = [claim.quote for fact in text.facts for claim in fact.claims]
    lost = any(
        _count(quote, whole) > _count(quote, new.paragraph.text) for quote in quotes
    )
    return lost or any(
        f.kind == "unbound" and f.number.start == number.start for f in found
    )


def _count(quote: str, text: str) -> int:
    from doctools.facts import find

    return len(find(quote, text))


def report(paths: list[Path], count: int, seed: int, *, verbose: bool = False) -> int:
    """Change numbers that are bound, print how many changes were noticed, by kind."""
    rng = random.Random(seed)
    bound = []
    for path in paths:
        page = Page(path, path.read_text(encoding="utf-8"))
        for text in page.texts:
            alone = Page(path, page.source)
            alone.__dict__["texts"] = [text]
            found = [f for f in alone.findings() if f.kind != "unbound"]
            bound += [(page, text, finding) for finding in found]
    if count and count < len(bound):
        bound = rng.sample(bound, count)
    tried, seen = Counter[str](), Counter[str]()
    for page, text, finding in bound:
        number = finding.number
        kind = "word" if number.word else f"{min(number.digits, 3)} digits"
        kinds = [finding.kind, text.paragraph.kind, kind, "all"]
        result = noticed(page, text, number, rng)
        if verbose and not result:
            print(f"{page.name}:{finding.line}: {number.text}: {finding.origin}")
        for key in kinds:
            tried[key] += 1
            seen[key] += result
    for key in sorted(tried):
        print(f"{key:10} {seen[key]:5} of {tried[key]:5}  {seen[key] / tried[key]:.0%}")
    return 0 if seen["all"] >= 0.9 * tried["all"] else 1
