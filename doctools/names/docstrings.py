"""The inline code of public docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from doctools import pages
from doctools.blocks import page_name
from doctools.names import known
from doctools.names.known import Known
from doctools.names.text import PageNames, mentioned
from eqcheck.outside.markdown import Paragraph


@dataclass(frozen=True)
class Docstring:
    """A public docstring, and what its function or class binds."""

    path: str
    line: int
    text: str
    own: frozenset[str] = frozenset()  # parameters; members of the class
    beside: frozenset[str] = frozenset()  # the public callables of the module


class DocstringNames(PageNames):
    """The inline code of one public docstring."""

    def __init__(self, docstring: Docstring) -> None:
        super().__init__(docstring.text, docstring.path)
        self.docstring = docstring

    @cached_property
    def elements(self) -> list[pages.Element]:
        """None: what a docstring shows is examples and formulas."""
        return []

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        """The whole docstring without its examples, as one."""
        lines = self.docstring.text.split("\n")
        is_shown = [line.strip().startswith((">>>", "...")) for line in lines]
        kept = [
            " " * len(row) if shown else row
            for row, shown in zip(lines, is_shown, strict=True)
        ]
        first = self.docstring.line
        return [Paragraph(first, first + len(lines), "", "\n".join(kept))]

    def printed(self, paragraph: Paragraph) -> list[str]:
        """The examples."""
        return [self.text.partition("Examples\n")[2]]

    def chapter(self, line: int) -> int:
        """A docstring is one section."""
        return 1

    @cached_property
    def regions(self) -> dict[int, Known]:
        """Parameters, results, attributes, examples and formulas."""
        text, region = self.docstring.text, Known()
        examples = re.findall(r"^\s*(?:>>>|\.\.\.) ?(.*)$", text, re.MULTILINE)
        region.read("\n".join(examples))
        region.strings.append(text.partition("Examples\n")[2])
        for names in re.findall(r"^ *([*\w]+(?:, [*\w]+)*) : ", text, re.MULTILINE):
            region.names |= {name.strip("* ") for name in names.split(",")}
        region.names |= self.docstring.own
        region.own |= self.docstring.own
        region.called |= self.docstring.beside
        # Shapes such as (n, rows, columns) name their sizes.
        for shape in re.findall(r"\(([a-z_]\w*(?:, [a-z_]\w*)+)\)", text):
            region.symbols |= set(shape.split(", "))
        # `dx = layer.backward(dy)` says what dx is.
        for span in self.paragraphs[0].code:
            if match := re.match(r"(\w+) = ", span.text):
                region.names.add(match[1])
        for formula in re.findall(r"\$\$?(.+?)\$\$?", text, re.DOTALL):
            region.symbols |= known.symbols(formula)
        for span in self.paragraphs[0].code:
            region.called |= mentioned(span.text)
        return {1: region}


def docstrings(path: Path) -> Iterator[Docstring]:
    """The docstrings of a module that readers see: of it and what is public in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = page_name(path)
    beside = frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
    )

    def walk(node: ast.AST, own: frozenset[str]) -> Iterator[Docstring]:
        if isinstance(node, ast.FunctionDef):
            own |= written(node)
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    own |= {item.name}
                    own |= written(item) if item.name == "__init__" else set()
                elif isinstance(item, ast.AnnAssign):
                    own |= {ast.unparse(item.target)}
        body = getattr(node, "body", [])
        value = body[0].value if body and isinstance(body[0], ast.Expr) else None
        if isinstance(value, ast.Constant):
            yield Docstring(name, value.lineno, str(value.value), own, beside)
        if isinstance(node, ast.Module | ast.ClassDef):
            for child in body:
                is_owner = isinstance(child, ast.FunctionDef | ast.ClassDef)
                if is_owner and not child.name.startswith("_"):
                    yield from walk(child, own)

    def written(node: ast.FunctionDef) -> frozenset[str]:
        return frozenset(known.written(node.args).parameters)

    yield from walk(tree, frozenset())
