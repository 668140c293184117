"""Where a number may come from: the outputs, the code and the equations nearby."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from doctools.pages import Block, Equation, blocks, equations

_NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,_]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w]|\.\d)")
_LOOSE = re.compile(r"\d[\d,_]*(?:\.\d+)?(?:e[-+]?\d+)?")
_WORD = re.compile(r"[A-Za-zα-ωΑ-Ω]+|%")
# Words of the text beside the names that code has for the same thing.
_SAME = {
    "sgd": "rate",
    "adam": "rate",
    "adamw": "rate",
    "rmsprop": "rate",
    "lr": "rate",
    "eta": "rate",
    "lam": "penalty",
    "lambda": "penalty",
    "decay": "penalty",
    "strength": "penalty",
    "mu": "momentum",
    "default_rng": "seed",
    "rng": "seed",
    "randint": "seed",
    "hidden": "unit",
    "width": "unit",
    "conv": "convolution",
    "pool": "pooling",
    "acc": "accuracy",
    "score": "accuracy",
    "std": "deviation",
    "px": "pixel",
    "img": "image",
    "dim": "dimension",
}
_EMPTY = {
    *("the", "and", "for", "with", "its", "are", "was", "has", "one", "two", "that"),
    *("this", "from", "which", "where", "not", "but", "all", "each", "than", "then"),
    *("print", "range", "import", "numpy", "nnref", "assert", "return", "round"),
    *("array", "axis", "size", "shape", "plt", "set", "zip", "list", "len", "sum"),
    *("more", "less", "most", "only", "here", "there", "them", "they", "here", "into"),
}


@dataclass(frozen=True)
class Origin:
    """A number that is shown or written nearby, with the words beside it."""

    value: float
    text: str
    line: int
    words: frozenset[str]
    what: str  # output, code or equation
    beside: tuple[str, str] = ("", "")  # the word right before and right after


@dataclass(frozen=True)
class Around:
    """What a paragraph may speak of."""

    blocks: tuple[Block, ...]
    equations: tuple[Equation, ...]

    @property
    def origins(self) -> list[Origin]:
        """All numbers nearby."""
        found: list[Origin] = []
        for block in self.blocks:
            found += of_block(block)
        for equation in self.equations:
            found += _displayed(equation)
        return found


_FRACTION = re.compile(r"\\[td]?frac\s*\{?(\d+)\}?\s*\{?(\d+)\}?|(\d+)\s*/\s*(\d+)")


def _displayed(equation: Equation) -> Iterator[Origin]:
    """The numbers and fractions of an equation."""
    for match in _LOOSE.finditer(equation.text):
        value = float(_plain(match[0]))
        yield Origin(value, match[0], equation.line, frozenset(), "equation")
    for match in _FRACTION.finditer(equation.text):
        top, bottom = (int(part) for part in match.groups() if part)
        if bottom:
            value = top / bottom
            yield Origin(value, match[0], equation.line, frozenset(), "equation")


@cache
def _elements(text: str) -> tuple[tuple[Block, ...], tuple[Equation, ...]]:
    return tuple(blocks(text)), tuple(equation for equation, _ in equations(text))


def around(text: str, line: int, end: int, first: int, last: int) -> Around:
    """The nearest blocks and equations of a section (lines `first` to `last`).

    Two blocks above and one below; of the equations the nearest on either side.
    """
    found, displayed = _elements(text)
    above = [b for b in found if first <= b.line and _end(b) < line]
    below = [b for b in found if end < b.line <= last]
    before = [e for e in displayed if first <= e.line < line]
    after = [e for e in displayed if end < e.line <= last]
    return Around((*above[-2:], *below[:1]), (*before[-1:], *after[:1]))


def _end(block: Block) -> int:
    return block.output.end if block.output else block.end


@cache
def of_block(block: Block) -> tuple[Origin, ...]:
    """The numbers of a block: what it prints, and what stands in its code."""
    return (*_printed(block), *_written(block))


def words(text: str) -> frozenset[str]:
    """The words of a text that say something, without their endings."""
    found = set()
    for word in _WORD.findall(text.replace("_", " ")):
        small = word.lower()
        small = _SAME.get(small, small)
        if word == "%" or (len(small) > 2 and small not in _EMPTY):
            found.add(_stem(small))
    return frozenset(found)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word[: -len(ending)]
    return word


def _plain(number: str) -> str:
    return number.replace(",", "").replace("_", "").replace("−", "-")


def lines(block: Block) -> list[str]:
    """What a block prints, line by line."""
    return block.output.text.splitlines() if block.output else []


def numbers(line: str) -> list[float]:
    """The numbers of a printed line; 8×8 and (8, 1) hold two."""
    return [float(_plain(m[0])) for m in _LOOSE.finditer(_signed(line))]


def _signed(line: str) -> str:
    return line.replace("−", "-")


def printed(block: Block) -> list[list[float]]:
    """The numbers that a block prints, line by line, with their signs."""
    found = []
    for line in lines(block):
        row = []
        for match in _LOOSE.finditer(_signed(line)):
            before = line[: match.start()]
            negative = bool(re.search(r"(?:^|[\s(\[,=:])[-−]$", before))
            value = float(_plain(match[0]))
            row.append(-value if negative else value)
        found.append(row)
    return found


def _printed(block: Block) -> Iterator[Origin]:
    shown = lines(block)
    head = shown[0] if shown and not _NUMBER.search(shown[0]) else ""
    for k, line in enumerate(shown):
        assert block.output is not None
        about = words(line) | words(head)
        for match in _LOOSE.finditer(line):
            left = re.findall(r"[^\W\d]+|%", line[: match.start()])
            right = re.findall(r"[^\W\d]+|%", line[match.end() :])
            beside = (
                left[-1].lower() if left else "",
                right[0].lower() if right else "",
            )
            value = float(_plain(match[0]))
            place = block.output.line + 1 + k
            yield Origin(value, match[0], place, about, "output", beside)


def _written(block: Block) -> Iterator[Origin]:
    try:
        tree = ast.parse(block.code)
    except SyntaxError:
        return
    rows = block.code.splitlines()
    said = _names(tree)
    remarks = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(block.code).readline)
        if token.type == tokenize.COMMENT
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            about = words(" ".join(said.get(node, ())) + remarks.get(node.lineno, ""))
            row = rows[node.lineno - 1]
            text = row[node.col_offset : node.end_col_offset]
            line = block.line + node.lineno
            yield Origin(float(node.value), text, line, about, "code")
        elif isinstance(node, ast.BinOp) and _divides(node):
            value = 1 / _bottom(node)
            line = block.line + node.lineno
            yield Origin(value, ast.unparse(node), line, frozenset(), "code")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for match in _LOOSE.finditer(node.value):
                line = block.line + node.lineno
                value = float(_plain(match[0]))
                yield Origin(value, match[0], line, words(node.value), "code")


def _divides(node: ast.BinOp) -> bool:
    """Whether this is `... / 4`."""
    return (
        isinstance(node.op, ast.Div)
        and isinstance(node.right, ast.Constant)
        and isinstance(node.right.value, int | float)
        and node.right.value != 0
    )


def _bottom(node: Any) -> float:
    return float(node.right.value)


def sizes(blocks: Sequence[Block]) -> set[tuple[int, int]]:
    """The pairs of whole numbers that stand together, such as 3×3 or (8, 10)."""
    found: set[tuple[int, int]] = set()
    for block in blocks:
        text = block.code + "\n".join(lines(block))
        rows = re.findall(r"\d+(?:(?:, ?|×| ?\* ?)\d+)+", text)
        for row in rows:
            parts = [int(part) for part in re.findall(r"\d+", row)]
            found |= {*pairwise(parts)}
        found |= {(side, side) for side in _sides(block)}
    return found


def _sides(block: Block) -> Iterator[int]:
    """Whole numbers that are arguments of a convolution, a pooling or a kernel."""
    for node in ast.walk(ast.parse(block.code)):
        if isinstance(node, ast.Call) and re.search(
            "conv|pool|kernel|receptive", ast.unparse(node.func), re.IGNORECASE
        ):
            for each in (*node.args, *(k.value for k in node.keywords)):
                if isinstance(each, ast.Constant) and type(each.value) is int:
                    yield each.value


def _names(tree: ast.AST) -> dict[ast.AST, tuple[str, ...]]:
    """For each number the names it is given to: variable, keyword, function."""
    found: dict[ast.AST, tuple[str, ...]] = {}

    def visit(node: ast.AST, names: tuple[str, ...]) -> None:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = tuple(
                n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)
            )
        elif isinstance(node, ast.Call):
            names = (*names[-1:], ast.unparse(node.func).rpartition(".")[2])
        elif isinstance(node, ast.keyword):
            names = (node.arg or "", *names[-1:])
        elif isinstance(node, ast.For | ast.comprehension):
            target = [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]
            visit(node.iter, tuple(target))
        elif isinstance(node, ast.Compare | ast.BinOp):
            inside = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
            names = (*names[-2:], *inside)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                text = key.value if isinstance(key, ast.Constant) else ""
                visit(value, (*names, str(text)))
        found.setdefault(node, names)
        for child in ast.iter_child_nodes(node):
            visit(child, names)

    visit(tree, ())
    return found
