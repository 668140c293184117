# ruff: noqa: RUF001 - sizes are written with a multiplication sign
"""Holds the numbers in running text to outputs, code, and fact comments near them.

`python -m doctools.numbers PAGE` lists what is unbound, with the comment to write; with
`-v` what the others are bound to, with `--mutate` how many changed digits are noticed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

import eqcheck
from doctools import facts
from doctools.arguments import parser
from doctools.blocks import page_name
from doctools.evidence import (
    PageBlocks,
    Source,
    linked,
    page_blocks,
    sources,
    stem,
    words,
)
from doctools.pages import (
    CAPTION,
    ROOT,
    Block,
    Comment,
    PageError,
    elements,
    fact_of_caption,
    markdown_pages,
)
from doctools.quantities import Number, numbers
from eqcheck.outside.markdown import Paragraph, paragraphs

_LINK = re.compile(r"\]\((?P<target>[^)\s]*#[^)\s]*)\)")
_MEASURED = re.compile(r"<!-- measured: \w+ -->")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=\S)")


@dataclass(frozen=True)
class Shares:
    """How many numbers of a page are found, and what holds them."""

    found: int = 0
    plain: int = 0  # bound without markup
    fact: int = 0
    cited: int = 0
    because: int = 0
    unbound: int = 0

    def __add__(self, other: Shares) -> Shares:
        """Add up, field by field."""
        return Shares(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Finding:
    """A number on a page, and what it is bound to."""

    line: int
    number: Number
    kind: str  # plain, fact, cited, because, unbound
    origin: str  # what it is bound to, or what to do


@dataclass(frozen=True)
class Text:
    """Running text with the blocks it can be about and the facts above it."""

    paragraph: Paragraph
    blocks: tuple[Block, ...]
    linked: tuple[Block, ...] = ()
    section: tuple[Block, ...] = ()  # the others of its section
    facts: tuple[facts.Fact, ...] = ()
    head: tuple[str, ...] = ()  # of a table, cell by cell
    names: tuple[str, ...] = ()  # how a fact names the blocks and the linked ones
    boxed: tuple[Block, ...] = ()  # those of its own box

    @cached_property
    def stated(self) -> list[Number]:
        """Its numbers."""
        return numbers(self.paragraph.text)

    @property
    def block(self) -> Block | None:
        """The block that a fact is about unless it names one: one with an output.

        A solution's is its own, if it has one.
        """
        among = self.boxed or self.blocks
        with_output = [b for b in among if b.output is not None]
        return next(iter([*with_output, *among]), None)


@dataclass
class Page:
    """A page with its running text."""

    path: Path
    source: str
    name: str = ""
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = self.name or page_name(self.path)
        self.here: PageBlocks = page_blocks(self.source, self.name)

    @cached_property
    def texts(self) -> list[Text]:
        """Paragraphs, items, rows, titles and captions, each with its facts."""
        comments = [
            e for e in elements(self.source, self.name) if isinstance(e, Comment)
        ]
        above: dict[int, list[facts.Fact]] = {}
        lines = self.source.split("\n")
        for comment in comments:
            if comment.text.startswith("fact"):
                below = self._below(comment.end, lines, comments)
                above.setdefault(below, []).append(
                    self._fact(comment.text, comment.line)
                )
        result = [*self._captions(comments, above), *self._prose(above)]
        for facts_left in above.values():
            for fact in facts_left:
                where = f"{self.name}:{fact.line}"
                self.errors.append(f"{where}: no text stands right below this fact")
        return sorted(result, key=lambda text: text.paragraph.line)

    def _fact(self, text: str, line: int) -> facts.Fact:
        try:
            return facts.read(text, line, self.name)
        except PageError as error:
            self.errors.append(str(error))
            return facts.Fact(line, ())

    def _measured(self, lines: list[str]) -> set[int]:
        """The lines of tables that `make bench` writes: its test holds all of them.

        Only the page on speed has them; the comment counts for nothing elsewhere.
        """
        found: set[int] = set()
        if self.path != ROOT / "docs" / "reference" / "speed.md":
            return found
        inside = False
        for number, line in enumerate(lines, start=1):
            inside = bool(_MEASURED.fullmatch(line)) or (
                inside and (not line or line.startswith("|"))
            )
            if inside:
                found.add(number)
        return found

    @staticmethod
    def _below(line: int, lines: list[str], comments: list[Comment]) -> int:
        """The line of what stands below, over other comments."""
        ends = {c.line: c.end for c in comments if not CAPTION.fullmatch(c.text)}
        line += 1
        while line <= len(lines) and (not lines[line - 1].strip() or line in ends):
            line = ends.get(line, line) + 1
        return line

    def _captions(
        self, comments: list[Comment], above: dict[int, list[facts.Fact]]
    ) -> Iterator[Text]:
        for comment in comments:
            if not CAPTION.fullmatch(comment.text):
                continue
            caption, fact, offset = fact_of_caption(comment.text)
            block = next((b for b in self.here.blocks if b.line > comment.end), None)
            own = above.pop(comment.line, [])
            if fact:
                own.append(self._fact(fact, comment.line + offset))
            section, _ = self.here.section(comment.line)
            paragraph = Paragraph(
                comment.line, comment.end, comment.indent, caption, "caption", section
            )
            yield Text(paragraph, (block,) if block else (), facts=tuple(own))

    def _prose(self, above: dict[int, list[facts.Fact]]) -> Iterator[Text]:
        last: Paragraph | None = None
        own: list[facts.Fact] = []
        head: tuple[str, ...] = ()
        lines = self.source.split("\n")
        measured = self._measured(lines)
        for p in paragraphs(self.source, self.name):
            goes_on = last is not None and (
                (p.kind == last.kind and p.kind in {"item", "row"})
                or (last.kind == "title" and len(p.indent) > len(last.indent))
            )
            gap = lines[last.end : p.line - 1] if last is not None else []
            near = len(gap) < 2 and not (p.kind == "row" and "" in gap)
            if p.line in above:
                own = above.pop(p.line)
            elif not (goes_on and near):
                own = []
            if p.kind == "row" and not (goes_on and near):
                head = tuple(p.text.strip("| ").split("|"))
            elif p.kind != "row":
                head = ()
            last = p
            if p.kind == "heading" or (p.kind == "row" and p.line in measured):
                continue
            targets = _LINK.findall(p.text)
            away = [b for t in targets for b in linked(t, self.path, self.here)]
            boxed = self.here.boxed(p.line, p.end)
            near_blocks = self.here.near(p.line, p.end)
            near_blocks = [*boxed, *(b for b in near_blocks if b not in boxed)]
            rest = self.here.chapter(p.line)
            names = [self.here.label(block) for block in near_blocks]
            names += [
                f" of {t} {n}"
                for t in targets
                for n, _ in enumerate(linked(t, self.path, self.here), 1)
            ]
            yield Text(
                p,
                tuple(near_blocks),
                tuple(away),
                tuple(rest),
                tuple(own),
                head,
                tuple(names),
                tuple(boxed),
            )

    def findings(self) -> list[Finding]:
        """Every number of the page with what holds it."""
        seen: set[tuple[int, int]] = set()
        result: list[Finding] = []
        wrong: dict[tuple[int, int], list[str]] = {}
        for text in self.texts:
            held: dict[int, tuple[str, str]] = {}
            for fact in text.facts:
                for i, claim in enumerate(fact.claims):
                    try:
                        held |= self._held(fact, claim, text)
                        seen.add((claim.line, i))
                    except PageError as error:
                        wrong.setdefault((claim.line, i), []).append(str(error))
            for number in text.stated:
                if self._is_formulas(number, text.paragraph):
                    continue
                kind, origin = held.get(number.start) or bind(number, text)
                line, _ = text.paragraph.place(number.start)
                result.append(Finding(line, number, kind, origin))
        # A fact above a list is about one of its items, not each.
        for key, messages in wrong.items():
            told = [m for m in messages if "does not stand" not in m]
            if told or key not in seen:
                self.errors.append((told or messages)[0])
        return result

    @cached_property
    def open_settings(self) -> set[tuple[int, int]]:
        """Line and column of the settings that no formula of their sentence uses."""
        here = self.path
        if here.exists() and self.source == here.read_text(encoding="utf-8"):
            found = eqcheck.check_page(self.path, cache=ROOT / eqcheck.CACHE)
        else:
            found = eqcheck.check_text(self.source, self.path.name, trials=False)
        return {(line, column) for r in found for line, column, _ in r.settings}

    def _is_formulas(self, number: Number, paragraph: Paragraph) -> bool:
        """Whether a setting is held by a formula, so that no block need show it."""
        return bool(number.name) and any(
            span.start <= number.start < span.end
            and paragraph.place(span.start) not in self.open_settings
            for span in paragraph.maths
        )

    def _held(
        self, fact: facts.Fact, claim: facts.Claim, text: Text
    ) -> dict[int, tuple[str, str]]:
        """What a claim says of the numbers of a text."""
        place = f"{self.name}:{claim.line}"
        written = facts.quoted(claim, text.paragraph.text, text.stated, place)
        if claim.kind == "=":
            block = self._block(fact, text)
            values = facts.evaluate(claim, block, place, self.source)
            facts.compare(claim, written, values, place)
            kind = "fact"
        elif claim.kind == "from":
            facts.cited(claim, self.source, place)
            kind = "cited"
        else:
            kind = "because"
        return {number.start: (kind, claim.right) for number in written}

    def _block(self, fact: facts.Fact, text: Text) -> Block | None:
        """The block that a fact is about."""
        if fact.anchor:
            found = linked(f"{fact.page}#{fact.anchor}", self.path, self.here)
            if len(found) < fact.nth:
                target = f"{fact.page}#{fact.anchor}"
                message = f"{target} has {len(found)} blocks in its section"
                raise PageError(f"{self.name}:{fact.line}: {message}: name another")
            return found[fact.nth - 1]
        return text.block


# --------------------------------------------------------------------------- matching


@dataclass(frozen=True)
class Context:
    """The words beside a number, those that may name it, those of its sentence."""

    beside: frozenset[str]
    near: frozenset[str]
    around: frozenset[str]


def context(number: Number, text: Text) -> Context:
    """What stands beside a number: words of its sentence, or of its row and column."""
    whole = text.paragraph.text
    symbol = _symbol(number)
    if text.paragraph.kind == "row":
        cells = whole.split("|")
        column = whole[: number.start].count("|")
        head = text.head[column - 1] if 0 < column <= len(text.head) else ""
        near = words(f"{cells[1] if len(cells) > 1 else ''} {head} {cells[column]}")
        return Context(near | symbol, near | symbol, words(whole) | near)
    start, end = 0, len(whole)
    for match in _SENTENCE.finditer(whole):
        if match.end() <= number.start:
            start = match.end()
        elif match.start() >= number.end:
            end = match.start()
            break
    before = re.sub(r"\(\S*\)", "", whole[start : number.start]).split()
    after = re.sub(r"\(\S*\)", "", whole[number.end : end]).split()
    beside = words(" ".join([*before[-2:], *after[:3]]))
    near = words(" ".join([*before[-4:], *after[:4]]))
    return Context(beside | symbol, near | symbol, words(whole[start:end]))


def _symbol(number: Number) -> frozenset[str]:
    name = number.name.strip("\\ ")
    return frozenset({stem(name), f"={name}"}) if name else frozenset()


def supports(number: Number, source: Source, context: Context) -> bool:
    """Whether a source is where a number comes from.

    The fewer digits, the more must stand beside both: three digits rarely agree by
    accident, one digit does.
    """
    if len(set(number.size)) > 1:
        return False
    value, shown, digits = source.value, number.value, number.digits
    if number.size:
        digits = 1
    exact = abs(value - shown) <= 1e-12 * abs(shown)
    close = number.agrees(value) or (number.percent and number.agrees(100 * value))
    if not exact:
        finer = source.half_unit < number.tolerance or number.percent
        if not (close and finer and source.is_output and digits >= 2):
            return False
    if exact and digits >= 2:
        return True
    if digits == 1 or number.word:
        return bool(context.beside & source.beside)
    shared = (context.near | context.around) & (source.near | source.around)
    if digits >= 3:
        return bool(shared)
    return bool(context.near & source.near) or len(shared) >= 2


def farther(number: Number, source: Source, context: Context) -> bool:
    """Whether a source elsewhere in the section can be meant: never by rounding."""
    if number.word or number.size or source.value != number.value:
        return False
    if number.digits == 2:
        return bool(context.beside & source.beside)
    shared = (context.near | context.around) & (source.near | source.around)
    return number.digits > 2 and bool(shared)


def bind(number: Number, text: Text) -> tuple[str, str]:
    """The kind and the origin of a number without markup."""
    beside = context(number, text)
    for block in [*text.blocks, *text.linked]:
        if number.size and (line := _shows(number.size, block)):
            return "plain", line
        for source in sources(block):
            if supports(number, source, beside):
                return "plain", f"{source.place}: {source.line}"
    for block in text.section:
        for source in sources(block):
            if farther(number, source, beside):
                return "plain", f"{source.place}: {source.line}"
    return "unbound", propose(number, text)


def _shows(size: tuple[str, ...], block: Block) -> str:
    """Where a block writes a size."""
    pattern = re.compile(
        r"(?<![\d.])" + r"(?:\s*[×x]\s*|,\s*)".join(size) + r"(?![\d.])"
    )
    whole = block.code + (block.output.text if block.output else "")
    found = pattern.search(whole)
    return f"block on line {block.line}: {found[0]}" if found else ""


def propose(number: Number, text: Text) -> str:
    """What is near a number, and the comment to write."""
    near: list[tuple[float, str, str]] = []
    blocks = [*text.blocks, *text.linked]
    for block, name in zip_longest(blocks, text.names[: len(blocks)], fillvalue=""):
        assert isinstance(block, Block)
        head = f"fact{'' if block == text.block else name}"
        for source in sources(block):
            value = source.value
            away = min(abs(value - number.value), abs(100 * value - number.value))
            shown = f'{value:g} ({source.place}: "{source.line:.60}")'
            right = source.name or _literal(source, block)
            near.append((away / abs(number.value or 1), shown, f"{head}|{right}"))
    near = sorted(near, key=lambda one: one[0])[:3]
    close = [one for one in near if one[0] < 0.1]
    head, _, right = (close[0][2] if close else "fact|...").partition("|")
    listed = "; ".join(one[1] for one in close or near)
    if close:
        listed = f"near are {listed}"
    elif near:
        listed = f"nothing near, the nearest are {listed}"
    else:
        listed = "no block near shows a number"
    return f'{listed}; write <!-- {head}: "{number.shown}" = {right} -->'


def _literal(source: Source, block: Block) -> str:
    """How a fact names a number of the code, if it can."""
    names = re.findall(r"\w+", source.line)
    bound = facts.literals(block.code)
    found = [n for n in names if bound.get(n) == source.value]
    return f'code["{found[0]}"]' if found else "..."


# ----------------------------------------------------------------------------- report


def check(path: Path, source: str | None = None, name: str = "") -> list[str]:
    """What is wrong with the numbers of a page, as `page:line: message`."""
    text = path.read_text(encoding="utf-8") if source is None else source
    page = Page(path, text, name)
    found = page.findings()
    messages = [
        f"{page.name}:{f.line}: {f.number.shown} stands here; {f.origin}"
        for f in found
        if f.kind == "unbound"
    ]
    return sorted([*dict.fromkeys(page.errors), *messages], key=_line)


def _line(message: str) -> int:
    return int(message.split(":")[1])


def shares(paths: list[Path] | None = None) -> dict[str, Shares]:
    """Count the numbers of pages and what holds them."""
    result = {}
    for path in paths or all_pages():
        page = Page(path, path.read_text(encoding="utf-8"))
        kinds = Counter(finding.kind for finding in page.findings())
        result[page.name] = Shares(sum(kinds.values()), **kinds)
    return result


def all_pages() -> list[Path]:
    """The pages whose running text states results."""
    left_out = {"notation.md", "writing-equations.md"}
    pages = [path for path in markdown_pages() if path.name not in left_out]
    return [*pages, ROOT / "README.md"]


def main(arguments: list[str] | None = None) -> int:
    """List, count or mutate; the result is the exit code."""
    known = parser("numbers", __doc__)
    known.add_argument("-v", "--verbose", action="store_true", help="bound ones, too")
    known.add_argument("--shares", action="store_true", help="only the counts")
    known.add_argument("--mutate", action="store_true", help="change digits, count")
    known.add_argument("--count", type=int, default=0, help="how many changes; 0: each")
    known.add_argument("--seed", type=int, default=0)
    options = known.parse_args(arguments)
    chosen = [path.resolve() for path in options.pages] or all_pages()
    if options.mutate:
        from doctools.digits import report

        return report(chosen, options.count, options.seed, verbose=options.verbose)
    if options.shares:
        rows = shares(chosen)
        for name, row in [*rows.items(), ("all", sum(rows.values(), Shares()))]:
            print(f"{name:52}", *[f"{n:6}" for n in astuple(row)])
        return 0
    messages: list[str] = []
    for path in chosen:
        messages += check(path)
        if options.verbose:
            page = Page(path, path.read_text(encoding="utf-8"))
            for f in page.findings():
                if f.kind != "unbound":
                    print(
                        f"{page.name}:{f.line}: {f.number.text}: {f.kind}, {f.origin}"
                    )
    print(*messages, sep="\n")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
