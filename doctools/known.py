"""What code makes known to the text beside it: names, parameters, attributes, words."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import nnref

SPECIAL = {"inf", "nan"}
_MODULES = {"np", "plt", "math", "itertools"}


@dataclass(frozen=True)
class Signature:
    """The parameters of a callable: those by position in order, and all by name."""

    positional: tuple[str, ...]
    named: frozenset[str]
    any_position: bool = False
    any_name: bool = False
    values: frozenset[str] = frozenset()  # strings that stand for defaults

    @property
    def parameters(self) -> frozenset[str]:
        """Every name that a parameter has."""
        return self.named | set(self.positional)


@dataclass
class Known:
    """What a stretch of code binds and uses."""

    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    functions_used: set[str] = field(default_factory=set)  # the `exp` of `np.exp`
    keywords: set[str] = field(default_factory=set)
    functions: dict[str, list[Signature]] = field(default_factory=dict)
    types: dict[str, set[type]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)  # last part of what is called
    strings: list[str] = field(default_factory=list)  # literals and outputs
    symbols: set[str] = field(default_factory=set)  # letters of the formulas
    own: set[str] = field(default_factory=set)  # parameters of what is described

    def read(self, code: str) -> None:
        """Take in Python code, if it parses."""
        with warnings.catch_warnings(), suppress(SyntaxError, ValueError):
            warnings.simplefilter("ignore")
            self._read(ast.parse(code))

    def add(self, other: Known) -> None:
        """Take in what another stretch of code makes known."""
        for name in (
            "names",
            "attributes",
            "functions_used",
            "keywords",
            "called",
            "symbols",
            "own",
        ):
            getattr(self, name).update(getattr(other, name))
        self.strings += other.strings
        for name, functions in other.functions.items():
            self.functions.setdefault(name, []).extend(functions)
        for name, types in other.types.items():
            self.types.setdefault(name, set()).update(types)

    def _read(self, tree: ast.AST) -> None:
        imported = [n for n in ast.walk(tree) if isinstance(n, ast.Import)]
        package = {  # what the package is called here, such as nn
            alias.asname or alias.name
            for node in imported
            for alias in node.names
            if alias.name == "nnref"
        }
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                    self.names.add(name)
                case ast.Import(names=aliases):
                    self.names |= {a.asname or a.name for a in aliases}
                case ast.ImportFrom(module=module, names=aliases):
                    for alias in aliases:
                        # Of the package it is known what it has; a page cannot say so.
                        is_ours = (module or "").partition(".")[0] == "nnref"
                        if is_ours:
                            self.called.add(alias.name)
                        if alias.asname or not is_ours:
                            self.names.add(alias.asname or alias.name)
                case ast.FunctionDef(name=name, args=arguments):
                    self.names.add(name)
                    self.functions.setdefault(name, []).append(written(arguments))
                case ast.ClassDef(name=name):
                    self.names.add(name)
                    for item in node.body:
                        if isinstance(item, ast.FunctionDef):
                            if item.name == "__init__":
                                own = written(item.args, bound=True)
                                self.functions.setdefault(name, []).append(own)
                            self.attributes.add(item.name)
                case ast.Attribute(attr=name, value=base):
                    root = ast.unparse(base).partition(".")[0]
                    used = self.functions_used if root in _MODULES else self.attributes
                    used |= {name} if root not in package else set()
                case ast.Call(func=function, keywords=keywords):
                    self.keywords |= {k.arg for k in keywords if k.arg}
                    self.called.add(ast.unparse(function).rpartition(".")[2])
                case ast.Constant(value=str(text)):
                    self.strings.append(text)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                found = result_type(ast.unparse(node.value.func))
                for target in node.targets:
                    if found and isinstance(target, ast.Name):
                        self.types.setdefault(target.id, set()).add(found)

    def parameters(self) -> Iterator[Signature]:
        """The signatures of the package's callables that are called or named."""
        for name in self.called:
            yield from package_signatures(name)

    def parameter_names(self) -> Iterator[str]:
        """What those callables name: parameters, words for defaults, keys of arrays."""
        for name in self.called:
            yield from _parameter_names(name)


@cache
def read_code(code: str) -> Known:
    """What a block makes known; not to be changed by the caller."""
    result = Known()
    result.read(code)
    return result


def written(arguments: ast.arguments, *, bound: bool = False) -> Signature:
    """The signature of a function as it is written in code."""
    positional = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    if positional[:1] == ["self"] or bound:
        positional = positional[1:]
    named = {a.arg for a in [*arguments.args, *arguments.kwonlyargs]} - {"self"}
    return Signature(
        tuple(positional),
        frozenset(named),
        arguments.vararg is not None,
        arguments.kwarg is not None,
    )


@cache
def signature(callable_: Any) -> Signature | None:
    """The signature of an object, if it tells."""
    try:
        found = inspect.signature(callable_).parameters.values()
    except (TypeError, ValueError):
        return _documented(callable_)
    kinds = {p.kind for p in found}
    by_position = {inspect.Parameter.POSITIONAL_ONLY, *_BY_BOTH}
    by_name = {inspect.Parameter.KEYWORD_ONLY, *_BY_BOTH}
    return Signature(
        tuple(p.name for p in found if p.kind in by_position and p.name != "self"),
        frozenset(p.name for p in found if p.kind in by_name and p.name != "self"),
        inspect.Parameter.VAR_POSITIONAL in kinds,
        inspect.Parameter.VAR_KEYWORD in kinds,
        frozenset(
            value
            for p in found
            for value in (p.default if isinstance(p.default, tuple) else [p.default])
            if isinstance(value, str)
        ),
    )


def _documented(callable_: Any) -> Signature | None:
    """The signature that a compiled function states in its first line."""
    first = (getattr(callable_, "__doc__", None) or "").strip().partition("\n")[0]
    first = re.sub(r"<[^>]*>", "None", first.removeprefix("a."))
    with suppress(SyntaxError):
        (function,) = ast.parse(f"def {first}: pass").body
        if isinstance(function, ast.FunctionDef):
            return written(function.args)
    return None


_BY_BOTH = {inspect.Parameter.POSITIONAL_OR_KEYWORD}


# ------------------------------------------------------------------------- package


def exported() -> list[str]:
    """The names that `from nnref import *` gives."""
    names: list[str] = vars(nnref)["__all__"]
    return names


def public(name: str) -> Any | None:
    """What nnref calls by this name: something it exports, or a module of it."""
    if name in exported():
        return getattr(nnref, name, None)
    if name in package_modules():
        return import_module(f"nnref.{name}")
    return None


@cache
def package_modules() -> frozenset[str]:
    """The public modules of the package."""
    folder = Path(str(nnref.__file__)).parent
    names = {path.stem for path in folder.glob("*.py")}
    return frozenset(name for name in names if not name.startswith("_"))


def package_classes() -> list[type]:
    """The public classes."""
    found = [getattr(nnref, name, None) for name in exported()]
    return [each for each in found if isinstance(each, type)]


def package_signatures(name: str) -> list[Signature]:
    """The signatures of a public callable, or of every method of that name."""
    found = public(name)
    objects = [found] if callable(found) else []
    if not objects:
        objects = [
            method
            for cls in package_classes()
            if callable(method := getattr(cls, name, None)) and name[0] != "_"
        ]
    return [s for each in objects if (s := signature(each)) is not None]


@cache
def attributes(cls: type) -> frozenset[str]:
    """The public attributes of a class and of its instances."""
    names = set(dir(cls)) | set(getattr(cls, "__dataclass_fields__", ()))
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] == "nnref":
            names |= {
                node.attr
                for node in ast.walk(_class_trees(base.__module__)[base.__name__])
                if isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
            }
    return frozenset(name for name in names if not name.startswith("_"))


@cache
def _class_trees(module: str) -> dict[str, ast.ClassDef]:
    source = Path(str(import_module(module).__file__)).read_text(encoding="utf-8")
    tree = ast.parse(source)
    return {n.name: n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}


@cache
def _parameter_names(name: str) -> frozenset[str]:
    found = {p for each in package_signatures(name) for p in each.parameters}
    found |= {v for each in package_signatures(name) for v in each.values}
    cls = public(name)
    if isinstance(cls, type):  # the keys that it gives its arrays: "w" and "b"
        tree = _class_trees(cls.__module__)[cls.__name__]
        keys = [k for n in ast.walk(tree) if isinstance(n, ast.Dict) for k in n.keys]
        keys += [n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript)]
        found |= {str(k.value) for k in keys if isinstance(k, ast.Constant)}
    return frozenset(found)


@lru_cache
def common_parameters() -> frozenset[str]:
    """What all gradients take: `dy`."""
    names = [name for name in exported() if name.endswith("_backward")]
    each = [_parameter_names(name) for name in names]
    return frozenset.intersection(*each)


def result_type(name: str) -> type | None:
    """The class that a call of a public name gives, if it is one of the package's."""
    found = public(name.rpartition(".")[2])
    if isinstance(found, type):
        return found
    hint = getattr(found, "__annotations__", {}).get("return")
    return hint if isinstance(hint, type) and hint in package_classes() else None


# ------------------------------------------------------------------------ elsewhere


def outside(name: str) -> Any | None:
    """What a dotted name is outside of the package: NumPy, Matplotlib, Python."""
    root, *rest = name.split(".")
    found: Any
    if root in ("np", "numpy"):
        found = np
    elif root in ("plt", "matplotlib"):
        found = import_module("matplotlib.pyplot" if root == "plt" else root)
    elif rest and root in sys.stdlib_module_names:
        try:
            found = import_module(root)
        except ImportError:  # of another platform
            return None
    elif hasattr(builtins, root):
        found = getattr(builtins, root)
    else:
        return None
    for part in rest:
        if not hasattr(found, part):
            if not isinstance(found, ModuleType):
                return None
            try:
                found = import_module(f"{found.__name__}.{part}")
            except ImportError:
                return None
        else:
            found = getattr(found, part)
    return found


@cache
def data_attributes() -> frozenset[str]:
    """What a value in a block may be asked for when its type is not known."""
    kinds = [np.ndarray, np.random.Generator, dict, list, str]
    names = {name for kind in kinds for name in dir(kind)}
    for cls in package_classes():
        names |= attributes(cls)
    return frozenset(name for name in names if not name.startswith("_"))


# ------------------------------------------------------------------------- formulas


def symbols(latex: str) -> set[str]:
    """The letters, Greek names and words of a formula, as Python would call them."""
    commands = set(re.findall(r"\\([A-Za-z]+)", latex))
    layers = re.findall(r"([A-Za-z])(?:\^\{\((\d)\)\}|_(\d))", latex)
    commands |= {a + b + c for a, b, c in layers}
    words = set(re.findall(r"\\(?:mathrm|text|operatorname)\{(\w+)\}", latex))
    letters = set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", latex)))
    return letters | commands | words
