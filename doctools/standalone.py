"""Copies a function or class out of nnref so that it runs alone with NumPy.

Names are resolved statically: what a definition refers to globally is looked up in its
module and followed through the package's own imports to where it is defined. Imports
and constants come first, then what was asked for, then its helpers; only what Python
needs at a definition (base class, decorator, default) stands above it. Text and
comments stay as they are; of docstrings, the examples are left out (they import nnref),
and of a helper's docstring all but its first line.

What cannot be resolved for certain is an error, never a guess.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import re
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from doctools.pages import ROOT

# Public names that mean nothing without the package, each with the reason.
EXCLUDED = {
    "digits": "it reads the images from a file that comes with the package",
}

LICENSE = "MIT"
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


class StandaloneError(ValueError):
    """A name that cannot be copied out of its package, and why."""


@dataclass(frozen=True)
class Import:
    """What a name was imported as: `attribute` of `module`, or `module` itself."""

    module: str
    attribute: str | None = None


@dataclass(frozen=True)
class Module:
    """A parsed module: what it defines, what it imports, and what else it does."""

    name: str
    path: Path
    lines: list[str] = field(repr=False, compare=False)
    definitions: dict[str, ast.stmt] = field(repr=False, compare=False)
    imports: dict[str, Import] = field(repr=False, compare=False)
    stars: list[str] = field(repr=False, compare=False)
    others: list[ast.stmt] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Definition:
    """A name at the top level of a module of the package."""

    module: Module
    name: str

    @property
    def node(self) -> ast.stmt:
        """The statement that binds the name."""
        return self.module.definitions[self.name]

    @property
    def text(self) -> str:
        """Source of the statement, with its decorators and the comment above it."""
        decorators = getattr(self.node, "decorator_list", [])
        start = min([self.node.lineno, *(node.lineno for node in decorators)])
        lines = self.module.lines
        while start > 1 and lines[start - 2].startswith("#"):
            start -= 1
        return "\n".join(lines[start - 1 : self.node.end_lineno])

    @property
    def line(self) -> int:
        """Where its `def`, `class` or assignment stands."""
        return self.node.lineno

    def __str__(self) -> str:
        """Return file and line."""
        path = "/".join([*self.module.name.split(".")[:-1], self.module.path.name])
        return f"{path} line {self.line}"


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, those under `if TYPE_CHECKING:` among them."""
    for statement in body:
        if isinstance(statement, ast.If) and _names(statement.test) == {
            "TYPE_CHECKING"
        }:
            yield from statement.body
        else:
            yield statement


def _targets(statement: ast.stmt) -> set[str]:
    """The names that a definition or assignment binds; none if it is anything else."""
    if isinstance(statement, (*FUNCTION, ast.ClassDef)):
        return {statement.name}
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    names = {node.id for node in targets if isinstance(node, ast.Name)}
    return names if len(names) == len(targets) else set()


@lru_cache
def _parse(name: str, path: Path, mtime_ns: int) -> Module:
    source = path.read_text(encoding="utf-8")
    module = Module(name, path, source.split("\n"), {}, {}, [], [])
    parent = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for statement in _statements(ast.parse(source).body):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                # `import a.b` binds a.
                local = alias.asname or alias.name.partition(".")[0]
                module.imports[local] = Import(alias.name)
        elif isinstance(statement, ast.ImportFrom):
            origin = statement.module or ""
            if statement.level:
                above = parent.split(".")[: 1 - statement.level or None]
                origin = ".".join([*above, *filter(None, [origin])])
            for alias in statement.names:
                if alias.name == "*":
                    module.stars.append(origin)
                    continue
                local = alias.asname or alias.name
                module.imports[local] = Import(origin, alias.name)
        else:
            targets = _targets(statement)
            if not targets or targets & module.definitions.keys():
                module.others.append(statement)
            module.definitions.update(dict.fromkeys(targets, statement))
    return module


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def _annotations(node: ast.AST) -> set[str]:
    """The names in every annotation below a node, those written as strings too."""
    found: set[str] = set()
    for child in ast.walk(node):
        for role in ("annotation", "returns"):
            annotation = getattr(child, role, None)
            if annotation is None:
                continue
            found |= _names(annotation)
            for part in ast.walk(annotation):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found |= _names(ast.parse(part.value, mode="eval"))
    return found


def _evaluated_annotations(statement: ast.stmt) -> set[str]:
    """The names in annotations that Python 3.11 evaluates at the definition."""
    if isinstance(statement, ast.ClassDef):
        return set().union(*map(_evaluated_annotations, statement.body))
    if isinstance(statement, FUNCTION):
        returns = _names(statement.returns) if statement.returns else set()
        return _annotations(statement.args) | returns
    return _annotations(statement)


def _scopes(text: str) -> tuple[set[str], set[str]]:
    """The global names that a statement refers to, and those bound in its functions."""
    top = symtable.symtable(text, "<definition>", "exec")
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    bound: set[str] = set()
    tables = top.get_children()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global():
                used.add(symbol.get_name())
            elif table.get_type() == "function" and not symbol.is_free():
                bound.add(symbol.get_name())
    return used | _annotations(ast.parse(text)), bound


def _at_definition(node: ast.stmt) -> Iterator[ast.AST]:
    """What Python evaluates when a statement runs, annotations apart.

    A decorator is called: it comes as the call that it is.
    """
    if isinstance(node, (*FUNCTION, ast.ClassDef)):
        for decorator in node.decorator_list:
            yield ast.Call(decorator, [], [])
    if isinstance(node, FUNCTION):
        yield from node.args.defaults
        yield from filter(None, node.args.kw_defaults)
    elif isinstance(node, ast.ClassDef):
        yield from node.bases
        yield from node.keywords
        for statement in node.body:
            yield from _at_definition(statement)
    elif isinstance(node, ast.AnnAssign):
        yield from filter(None, [node.value])
    else:
        yield node


class _Text:
    """A definition's source, to be changed at places given by syntax nodes."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.lines = text.encode().splitlines(keepends=True)
        self.edits: list[tuple[int, int, bytes]] = []

    def replace(self, node: ast.expr, new: str) -> None:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        # Columns count bytes of UTF-8.
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        self.edits.append((start, end, new.encode()))

    def rename(self, name: str, new: str) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id == name:
                self.replace(node, new)

    def shorten_docstrings(self, *, whole: bool) -> None:
        for node in ast.walk(self.tree):
            if not isinstance(node, (*FUNCTION, ast.ClassDef)):
                continue
            first = node.body[0]
            if ast.get_docstring(node) is not None and isinstance(first, ast.Expr):
                source = b"".join(self.lines).decode()
                literal = ast.get_source_segment(source, first)
                assert literal is not None
                indent = " " * first.col_offset
                self.replace(first.value, _shorter(literal, indent, whole=whole))

    def __str__(self) -> str:
        text = b"".join(self.lines)
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text.decode()


_LITERAL = re.compile(
    r"(?P<prefix>[rRuU]?)(?P<quotes>\"\"\"|'''|\"|')(?P<body>.*)(?P=quotes)", re.DOTALL
)
_HEADING = re.compile(r"^[ \t]*(?P<title>\S[^\n]*)\n[ \t]*-{3,}[ \t]*$", re.MULTILINE)


def _shorter(literal: str, indent: str, *, whole: bool) -> str:
    """A docstring as a copy shows it: all but the examples, or its first line."""
    match = _LITERAL.fullmatch(literal)
    assert match is not None
    body = match["body"].strip()
    if whole:
        headings = list(_HEADING.finditer(body))
        ends = [*(heading.start() for heading in headings[1:]), len(body)]
        for heading, end in zip(headings, ends, strict=False):
            if heading["title"].strip() == "Examples":
                body = (body[: heading.start()] + body[end:]).strip()
    else:
        body = body.partition("\n\n")[0]
    opening = (match["prefix"] if "\\" in body else "") + match["quotes"]
    ending = f"\n{indent}" if "\n" in body else ""
    return opening + body + ending + match["quotes"]


def _import_lines(imports: dict[str, Import], *, future: bool) -> str:
    """The import statements, sorted as ruff sorts them."""
    lines: list[tuple[str, str]] = []
    members: dict[str, list[str]] = {}
    for local, found in sorted(imports.items()):
        if found.attribute is None:
            renamed = local != found.module.partition(".")[0]
            suffix = f" as {local}" if renamed else ""
            lines.append((found.module, f"import {found.module}{suffix}"))
        else:
            suffix = f" as {local}" if local != found.attribute else ""
            members.setdefault(found.module, []).append(found.attribute + suffix)
    lines.sort()
    for module, names in sorted(members.items()):
        names.sort(key=lambda name: (not name.isupper(), name))  # constants first
        lines.append((module, f"from {module} import {', '.join(names)}"))
    chunks: list[list[str]] = [[], [], []]
    if future:
        chunks[0].append("from __future__ import annotations")
    for module, line in lines:
        is_standard = module.partition(".")[0] in sys.stdlib_module_names
        chunks[1 if is_standard else 2].append(line)
    return "\n\n".join("\n".join(chunk) for chunk in chunks if chunk)


class Package:
    """A package on disk, from which definitions are copied without importing it."""

    def __init__(self, folder: Path, version: str, top: str | None = None) -> None:
        """Take a package whose public names are those that its module `top` imports."""
        self.folder = folder
        self.name = folder.name
        self.version = version
        self.top = top or folder.name
        # A package is that of one moment: what was found once is not looked for again.
        self._modules: dict[str, Module | None] = {}
        self._imports: dict[str, dict[str, Import]] = {}
        self._public: dict[str, Definition] | None = None
        self._snippets: dict[str, str] = {}

    def module(self, name: str) -> Module | None:
        """Return a module of the package."""
        if name not in self._modules:
            path = self.folder.parent.joinpath(*name.split("."))
            files = (path.with_suffix(".py"), path / "__init__.py")
            file = next(filter(Path.is_file, files), None)
            self._modules[name] = (
                _parse(name, file, file.stat().st_mtime_ns) if file else None
            )
        return self._modules[name]

    def imports(self, module: Module) -> dict[str, Import]:
        """What a module imports by name, and by a star from modules with `__all__`."""
        if module.name not in self._imports:
            self._imports[module.name] = self._imported(module)
        return self._imports[module.name]

    def _imported(self, module: Module) -> dict[str, Import]:
        found = dict(module.imports)
        for origin in module.stars:
            other = self.module(origin)
            exported = other and other.definitions.get("__all__")
            if not isinstance(exported, ast.Assign):
                raise StandaloneError(f"{module.path.name}: {origin} has no __all__")
            for name in ast.literal_eval(exported.value):
                found[name] = Import(origin, name)
        return found

    def resolve(self, module: Module, name: str) -> Definition | Module | Import | None:
        """Find what a global name of a module stands for; None for a builtin."""
        if name in module.definitions:
            return Definition(module, name)
        found = self.imports(module).get(name)
        if found is None or found.module.partition(".")[0] != self.name:
            return found
        origin = self.module(found.module)
        if origin is None:
            raise StandaloneError(f"{module.path.name}: no module {found.module}")
        if found.attribute is None:
            if name == self.name and found.module != name:
                origin = self.module(name)  # `import a.b` binds a
            return origin
        inner = self.resolve(origin, found.attribute)
        if inner is None:
            inner = self.module(f"{found.module}.{found.attribute}")
        if inner is None:
            raise StandaloneError(
                f"{module.path.name}: {found.module} has no {found.attribute}"
            )
        return inner

    def public(self) -> dict[str, Definition]:
        """Every function and class that can be imported from the top module."""
        if self._public is None:
            self._public = self._found()
        return self._public

    def _found(self) -> dict[str, Definition]:
        top = self.module(self.top)
        if top is None:
            raise StandaloneError(f"{self.folder} has no {self.top}")
        found = {name: self.resolve(top, name) for name in self.imports(top)}
        return {
            name: target
            for name, target in sorted(found.items())
            if isinstance(target, Definition)
            and isinstance(target.node, (*FUNCTION, ast.ClassDef))
        }

    def definition(self, name: str) -> Definition:
        """Look up a public name."""
        try:
            return self.public()[name]
        except KeyError:
            raise StandaloneError(
                f"{name!r} is not a public function or class of {self.top}"
            ) from None

    def snippet(self, name: str) -> str:
        """Python source of a public name that runs alone."""
        if name not in self._snippets:
            self._snippets[name] = self._copied(name)
        return self._snippets[name]

    def _copied(self, name: str) -> str:
        main = self.definition(name)
        copy = _Copy(self, main)
        order = copy.order()
        later = {definition.name for definition in order}
        future = False
        for definition in order:
            future = future or bool(_evaluated_annotations(definition.node) & later)
            later.discard(definition.name)
        imports = _import_lines(copy.imports, future=future)
        texts = [copy.texts[definition] for definition in order]
        return _join([self._heading(main), imports, *texts])

    def source(self, name: str) -> str:
        """Source of a public name as it stands in the package."""
        main = self.definition(name)
        return _join([self._heading(main), main.text])

    def _heading(self, main: Definition) -> str:
        return f"# {self.name} {self.version}, {main} ({LICENSE})"


class _Copy:
    """Collects a definition and what it needs."""

    def __init__(self, package: Package, main: Definition) -> None:
        self.package = package
        self.main = main
        self.texts: dict[Definition, str] = {}
        # What each needs, and what of that when it is defined, and whether it is called
        # there: a decorator, but no base class.
        self._needs: dict[Definition, list[Definition]] = {}
        self._first: dict[Definition, list[tuple[Definition, bool]]] = {}
        self.imports: dict[str, Import] = {}
        self._meanings: dict[str, Definition | Import] = {}
        self._add(main)

    def _claim(self, name: str, meaning: Definition | Import) -> None:
        """Let a name of the copy mean this, and nothing else."""
        known = self._meanings.setdefault(name, meaning)
        if known != meaning:
            raise StandaloneError(
                f"{self.main} needs two things named {name}: {known} and {meaning}"
            )

    def _add(self, definition: Definition) -> None:
        """Add a definition and everything that it needs."""
        if self._meanings.get(definition.name) == definition:
            return
        self._claim(definition.name, definition)
        self._refuse(definition)
        text = _Text(definition.text)
        needed: dict[Definition, str] = {}
        parts = [*_at_definition(text.tree.body[0])]
        read = set().union(*map(_names, parts))
        # A base class or a default is only looked up, not called.
        called = set().union(*(_names(n) for n in parts if not isinstance(n, ast.Name)))
        used, bound = _scopes(definition.text)
        for local in sorted(used):
            found = self.package.resolve(definition.module, local)
            if isinstance(found, Import):
                self._claim(local, found)
                self.imports[local] = found
            elif isinstance(found, Module):
                for node in _qualified(text.tree, local, definition):
                    member = self.package.resolve(found, node.attr)
                    if not isinstance(member, Definition):
                        raise StandaloneError(
                            f"{definition}: {local}.{node.attr} is no definition"
                        )
                    _refuse_capture(definition, {local, member.name} & bound)
                    text.replace(node, member.name)
                    needed[member] = local
            elif found is not None:
                if found.name != local:
                    _refuse_capture(definition, {local, found.name} & bound)
                    text.rename(local, found.name)
                needed[found] = local
            elif not hasattr(builtins, local):
                raise StandaloneError(f"{definition}: {local} is not defined")
        in_order = sorted(needed, key=lambda d: (d.module.name, d.line))
        self._needs[definition] = in_order
        self._first[definition] = [
            (d, needed[d] in called) for d in in_order if needed[d] in read
        ]
        for dependency in in_order:
            self._add(dependency)
        text.shorten_docstrings(whole=definition == self.main)
        self.texts[definition] = str(text)

    def order(self) -> list[Definition]:
        """Constants, then what was asked for, then its helpers, each as it is met.

        What is used when something is defined stands above it, with all that it needs:
        a decorator is called there.
        """
        placed: dict[Definition, None] = {}
        begun: set[tuple[Definition, bool]] = set()

        def place(definition: Definition, *, ready: bool) -> None:
            if (definition, ready) not in begun:
                begun.add((definition, ready))
                for needed, called in self._first[definition]:
                    place(needed, ready=ready or called)
                if ready:
                    for needed in self._needs[definition]:
                        place(needed, ready=True)
                placed.setdefault(definition)

        for definition in self.texts:
            if not isinstance(definition.node, (*FUNCTION, ast.ClassDef)):
                place(definition, ready=True)
        waiting = [self.main]
        for definition in waiting:
            place(definition, ready=False)
            waiting += [d for d in self._needs[definition] if d not in waiting]
        return list(placed)

    def _refuse(self, definition: Definition) -> None:
        """Refuse what cannot be copied, or not by reading names alone."""
        if reason := EXCLUDED.get(definition.name):
            raise StandaloneError(f"{definition.name} cannot run alone: {reason}")
        for statement in definition.module.others:
            if definition.name in _names(statement) | _targets(statement):
                raise StandaloneError(
                    f"{definition}: line {statement.lineno} may change it too"
                )
        for node in ast.walk(definition.node):
            if isinstance(node, ast.Import):
                origins = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                origins = [self.package.name if node.level else node.module or ""]
            else:
                continue
            if self.package.name in {name.partition(".")[0] for name in origins}:
                raise StandaloneError(f"{definition}: imports {origins[0]} in its body")


def _qualified(
    tree: ast.Module, module: str, definition: Definition
) -> list[ast.Attribute]:
    """Every `module.name` below a node, where `module` may not stand otherwise."""
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == module]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.value in names
    ]
    if len(found) < len(names):
        raise StandaloneError(f"{definition}: the module {module} is used as a value")
    return found


def _refuse_capture(definition: Definition, names: set[str]) -> None:
    if names:
        raise StandaloneError(
            f"{definition}: {', '.join(sorted(names))} is also a local name in it"
        )


def _join(chunks: list[str]) -> str:
    """Chunks of source with the blank lines between them that ruff leaves there."""
    result = chunks[0]
    for chunk, next_chunk in itertools.pairwise(filter(None, chunks)):
        around = [*ast.parse(chunk).body[-1:], *ast.parse(next_chunk).body[:1]]
        wide = any(isinstance(node, (*FUNCTION, ast.ClassDef)) for node in around)
        result += ("\n\n\n" if wide else "\n\n") + next_chunk
    return result + "\n"


def nnref(top: str | None = None) -> Package:
    """Return the package of this repository, or one of its modules in its place."""
    folder = ROOT / "nnref"
    return _package(folder, top, _stamp(folder))


def _stamp(folder: Path) -> tuple[tuple[str, int], ...]:
    """The files of a package, and when each was changed."""
    files = sorted(folder.rglob("*.py"))
    return tuple((str(path), path.stat().st_mtime_ns) for path in files)


@lru_cache(maxsize=4)
def _package(folder: Path, top: str | None, _: tuple[tuple[str, int], ...]) -> Package:
    text = (folder / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert version is not None
    return Package(folder, version[1], top)


def plain() -> Package:
    """Return `nnref.plain`: a part of the names, in the fewest clear lines."""
    return nnref("nnref.plain")


def public_names() -> list[str]:
    """Every public function and class of nnref."""
    return list(nnref().public())


def snippet(name: str) -> str:
    """Python source of a public name of nnref that runs alone with NumPy."""
    return nnref().snippet(name)
