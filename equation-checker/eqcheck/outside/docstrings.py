"""The docstrings of a package as sources: each is a small page.

Its function is given; what the other symbols are is taken from what readers see, the
signature and the numpy style sections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eqcheck.check.page import Page
from eqcheck.check.source import Source
from eqcheck.outside.cache import key, load, store
from eqcheck.outside.config import Config
from eqcheck.outside.docstring import Docstring, Formula, read_module
from eqcheck.outside.docstring_symbols import Symbols, left_side
from eqcheck.outside.report import Result, results

BACKWARD = "_backward"
DRAWS = 8  # more than on pages: numbers stand where pages have arrays


def sources(
    doc: Docstring,
    forward: Docstring | None = None,
    functions: Mapping[str, str] | None = None,
) -> list[tuple[Formula, Source]]:
    """The formulas of a docstring, each with the comment that gives its symbols."""
    symbols = Symbols(doc, forward, functions or {})
    done: set[str] = set()
    found = []
    own = list(doc.lines)
    read = [" ".join(each.source.latex.split()) for each in doc.formulas]
    for start in doc.unchecked:
        if not any(latex.startswith(start) for latex in read):
            raise ValueError(f"{doc.name} has no formula {start} to leave unchecked")
    for formula in doc.formulas:
        source = formula.source
        reason = next(
            (
                reason
                for start, reason in doc.unchecked.items()
                if " ".join(source.latex.split()).startswith(start)
            ),
            None,
        )
        if reason is not None:
            comment = f"equation: not checked, because {reason}"
        else:
            words = source.latex if not own else "\n".join([source.latex, *own])
            made = symbols.lines(words, done, display=not formula.inline)
            assigned = [line for line in made if not line.startswith("check ")]
            checks = [line for line in made if line.startswith("check ")]
            comment = "\n".join(["equation", *assigned, *own, *checks])
            own = []
        shape = (source.line, source.end, source.indent, source.latex)
        found.append((formula, Source(*shape, comment, doc.line)))
    return found


def read_package(
    folder: Path, symbols: Mapping[str, str], root: Path | None = None
) -> dict[str, Docstring]:
    """The docstrings of a package that have formulas, by name.

    `symbols` says what cannot be read off a docstring: by its name, lines as in the
    comment above an equation of a page; `leave FORMULA, because ...` among them.
    """
    found: dict[str, Docstring] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        file = path.relative_to(root).as_posix() if root else str(path)
        for doc in read_module(path, folder.name, file):
            if doc.formulas:
                found[doc.name] = doc
    for name, text in symbols.items():
        if name not in found:
            raise ValueError(f"{name} has symbols and no docstring with formulas")
        for line in text.strip("\n").split("\n"):
            if match := re.fullmatch(r"leave (.+), because (.+)", line):
                found[name].unchecked[match[1]] = match[2]
            else:
                found[name].lines.append(line)
    return found


def forward_of(doc: Docstring, found: Mapping[str, Docstring]) -> Docstring | None:
    """The docstring of `f`, for that of `f_backward`."""
    if not doc.name.endswith(BACKWARD):
        return None
    return found.get(doc.name.removesuffix(BACKWARD))


def functions_of(found: Mapping[str, Docstring]) -> dict[str, str]:
    r"""What docstrings say of functions by letter: $\sigma(x)$ is `sigmoid(x)`."""
    known: dict[str, str] = {}
    for doc in found.values():
        displays = [f.source.latex for f in doc.formulas if not f.inline]
        left = left_side(displays[0]) if displays else None
        if left is None or "(" not in left or left.startswith(("f(", r"\tanh(")):
            continue
        inside = left.partition("(")[2].removesuffix(")")
        arguments = re.sub(r"\s*\\Vert\s*", ", ", inside)
        if len(arguments.split(", ")) == sum(not d for d in doc.arguments.values()):
            known[left] = f"{doc.package}.{doc.short}({arguments})"
    return known


@dataclass(frozen=True)
class Package:
    """The docstrings of a package that have formulas, by name: `sizes.mean`."""

    docstrings: Mapping[str, Docstring]
    functions: Mapping[str, str]

    @classmethod
    def read(
        cls, folder: Path, symbols: Mapping[str, str], root: Path | None = None
    ) -> Package:
        """Read a package; `symbols` says what cannot be read off its docstrings."""
        found = read_package(folder, symbols, root)
        return cls(found, functions_of(found))

    def sources(self, name: str) -> list[tuple[Formula, Source]]:
        """The formulas of a docstring, each with the comment that was made for it."""
        doc = self.docstrings[name]
        return sources(doc, forward_of(doc, self.docstrings), self.functions)

    def check(
        self, name: str, *, cache: Path | None = None, trials: bool = True
    ) -> list[Result]:
        """Check the formulas of a docstring, or take what a folder keeps of them."""
        doc = self.docstrings[name]
        read = [source for _, source in self.sources(name)]
        config = self._config(doc)
        kept = key(repr(read), doc.name, config, trials=trials)
        place = Path(doc.file) / doc.name
        found = None if cache is None else load(cache, place, kept)
        if found is None:
            page = Page(DRAWS, trials=trials, packages=config.packages)
            items = [page.read(source) for source in read]
            page.finish(items, given=False)
            found = results(items, doc.file)
            if cache is not None:
                store(cache, place, kept, found)
        return found

    def kept(self, name: str, cache: Path) -> list[Result] | None:
        """The results that a folder keeps, if they are those of today."""
        doc = self.docstrings[name]
        read = [source for _, source in self.sources(name)]
        kept = key(repr(read), doc.name, self._config(doc), trials=True)
        return load(cache, Path(doc.file) / doc.name, kept)

    @staticmethod
    def _config(doc: Docstring) -> Config:
        return Config((doc.package,), (doc.package,), draws=DRAWS)
