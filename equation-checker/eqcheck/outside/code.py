"""What of a package some text rests on: the definitions that it names, and theirs.

Names are taken as words, wherever they are defined. That is too much rather than too
little: what is reached in another way (`getattr(package, name)`) counts as everything,
and so does what stands in a module outside of a definition; what `self` holds was named
by whoever put it there. Docstrings and comments do not count: no result depends on
them.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_WORD = re.compile(r"[^\W\d]\w*")
# Ways to a definition other than its name.
_HIDDEN = re.compile(
    r"\b(?:globals|exec|eval|import_module|__import__)\s*\(|\b__dict__\b"
    r"|\bvars\s*\((?!self\))"
    r"|\b(?:getattr|attrgetter|methodcaller)\s*\((?!self,|\s*[\w.]+\s*,\s*[\"'])"
)
_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Code:
    """The files of a package, or of one module."""

    definitions: dict[str, tuple[str, frozenset[str]]]  # source, names in it
    rest: bytes  # a hash of all else

    def digest(self, text: str) -> bytes:
        """A hash of what this text rests on."""
        found: dict[str, str] = {}
        names = _named(text, self.definitions)
        while names:
            name = names.pop()
            if name not in found:
                found[name], used = self.definitions[name]
                names |= used
        digest = hashlib.sha256(self.rest)
        for name in sorted(found):
            digest.update(f"{name}\0{found[name]}\0".encode())
        return digest.digest()


def read(place: Path, *, docs: bool = False) -> Code:
    """Read a package or a module's file as it is now; `docs`: with docstrings."""
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    return _read(
        place,
        tuple(
            (path, path.stat().st_mtime_ns, path.stat().st_size)
            for path in files
            if path.is_file() and path.suffix != ".pyc"
        ),
        docs,
    )


@lru_cache(maxsize=8)
def _read(place: Path, files: tuple[tuple[Path, int, int], ...], docs: bool) -> Code:
    rest = hashlib.sha256()
    sources: dict[str, list[str]] = {}
    for path, _, _ in files:
        rest.update(f"{path.relative_to(place.parent)}\0".encode())
        if path.suffix != ".py":
            rest.update(hashlib.sha256(path.read_bytes()).digest())
            continue
        for names, text in _statements(path.read_text(encoding="utf-8"), docs):
            for name in names:
                sources.setdefault(name, []).append(text)
            if not names:
                rest.update(f"{text}\0".encode())
    joined = {name: "\n".join(texts) for name, texts in sources.items()}
    known = joined.keys()
    return Code(
        {name: (text, frozenset(_named(text, known))) for name, text in joined.items()},
        rest.digest(),
    )


def _named(text: str, known: Iterable[str]) -> set[str]:
    """The known names that a text may mean."""
    if _HIDDEN.search(text):
        return set(known)
    return set(known) & set(_WORD.findall(text))


def _statements(text: str, docs: bool) -> Iterator[tuple[list[str], str]]:
    """Each statement of a module and the names that it defines, none for others."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # it cannot be imported either
        yield [], text
        return
    kinds = (ast.Module,) if docs else (ast.Module, *_DEFINITION)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    for node in tree.body:
        yield _defined(node), ast.unparse(node)


def _defined(node: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(node, _DEFINITION):
        # Python itself calls a module's `__getattr__`.
        return [] if node.name.startswith("__") else [node.name]
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    if targets and all(isinstance(target, ast.Name) for target in targets):
        return [target.id for target in targets if isinstance(target, ast.Name)]
    return []
