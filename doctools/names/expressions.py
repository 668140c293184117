"""Resolves the names of a Python expression: what each is, and in which order."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache, lru_cache
from importlib import import_module

import numpy as np

import nnref
from doctools import pages
from doctools.names import known
from doctools.names.known import Signature
from doctools.names.scope import (
    ABOUT_TOOLS,
    PLACEHOLDER,
    SUBJECT_LATEX,
    Scope,
    UnresolvedError,
    unknown,
)

ANY_FUNCTION = "f"  # `f(x, ...)` and `f_backward(dy, x, ...)`: any operation


class Expression:
    """Resolves the names of a Python expression."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.bound: set[str] = set()  # by the expression: `for k in ...`

    def kind(self, tree: ast.Module) -> str:
        """Resolve everything; the kind of the whole."""
        for statement in tree.body:
            self.check(statement)
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            match tree.body[0].value:
                case ast.Name(id=name):
                    return self.name(name)
                case ast.Attribute() as node:
                    return self.attribute(node)
                case ast.Call():
                    return "call"
                case ast.Constant():
                    raise UnresolvedError("a number or a string names nothing")
                case ast.Tuple():
                    return "shape"
        return "expression"

    def check(self, node: ast.AST) -> None:
        """Resolve a node and what is in it."""
        match node:
            case ast.Name(id=name):
                self.name(name)
            case ast.Attribute():
                self.attribute(node)
            case ast.Call():
                self.call(node)
            case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
                self.check(value)
                levels = self.scope.levels
                if not any(
                    key in level.parameter_names() or key in level.strings
                    for level in levels
                ):
                    raise UnresolvedError(f"no array has the name {key!r}")
            case ast.Constant(value=str(text)):
                self.string(text)
            case ast.ImportFrom(module=module, names=aliases):
                for alias in aliases:
                    is_ours = (module or "").partition(".")[0] == "nnref"
                    found = known.public(alias.name) if is_ours else None
                    path = f"{module}.{alias.name}"
                    if found is None and known.outside(path) is None:
                        what = f"{module} has no"
                        raise UnresolvedError(
                            unknown(alias.name, known.exported(), what)
                        )
            case ast.Import(names=aliases):
                for alias in aliases:
                    self.name(alias.name)
            case _:
                for child in ast.walk(node):
                    if isinstance(child, ast.comprehension):
                        self.bound |= {
                            n.id
                            for n in ast.walk(child.target)
                            if isinstance(n, ast.Name)
                        }
                    if isinstance(child, ast.arg):
                        self.bound.add(child.arg)
                for child in ast.iter_child_nodes(node):
                    self.check(child)

    def name(self, name: str) -> str:
        """The kind of thing a plain name is."""
        if name in self.bound or name == "_":
            return "variable"
        row = self.scope.row  # of a table that names symbols: `w` stands beside W
        if len(name) == 1 and row and name.lower() not in {s.lower() for s in row}:
            raise UnresolvedError("no formula of this row has this letter")
        for level in self.scope.for_name(name):
            if name in level.names:
                return "variable"
        for level in self.scope.for_name(name):
            # Beside code, a letter of a formula must also be one of the page's code.
            is_code = len(name) > 1 or not level.names or bool(level.own)
            is_code = is_code or bool(self.scope.row)
            is_code = is_code or self.scope.page in SUBJECT_LATEX
            if name in level.symbols and (is_code or self._is_bound_anywhere(name)):
                return "symbol"
        if known.public(name) is not None or name in _packages():
            return "nnref"
        if name in known.SPECIAL or known.outside(name) is not None:
            return "Python"
        if name in known.common_parameters():
            return "parameter"
        for level in self.scope.for_name(name):
            if name in level.parameter_names():
                return "parameter"
            if any(name in s.parameters for f in level.functions.values() for s in f):
                return "parameter"
            if name in level.attributes | level.functions_used:
                return "used in a block"
        if len(name) > 1 and any(
            name in known.attributes(cls) for cls in known.package_classes()
        ):
            return "nnref"
        if self._is_placeholder(name):
            return "any function"
        base = name.removesuffix("_backward")
        if base != name and self._is_parameter(base):
            return "parameter"
        if self.scope.page in ABOUT_TOOLS and PLACEHOLDER.fullmatch(name):
            return "placeholder"
        about = self.scope.page in ABOUT_TOOLS
        if about and len(name) > 1 and _is_colour(name):
            return "Matplotlib"
        among = self.scope.all_names()
        what = "neither the page's code nor nnref, NumPy or Python has a name"
        if len(name) == 1:
            what = "neither a block nor a formula of this section has"
        raise UnresolvedError(unknown(name, among, what))

    def string(self, text: str) -> None:
        """Complain unless code, an output or the package has this string.

        A file such as `model.npz` is the reader's own.
        """
        levels = self.scope.levels
        held = any(text in each for level in levels for each in level.strings)
        held = held or any(text in level.parameter_names() for level in levels)
        held = held or text in _packages() or (pages.ROOT / text).is_dir()
        if not held and not re.fullmatch(r"\w+\.\w+", text):
            raise UnresolvedError(f"no block has the string {text!r}")

    @staticmethod
    def _is_placeholder(name: str) -> bool:
        return name in (ANY_FUNCTION, f"{ANY_FUNCTION}_backward")

    def _is_parameter(self, name: str) -> bool:
        """Whether a function that is described here takes this."""
        return any(name in level.own for level in self.scope.levels)

    def attribute(self, node: ast.Attribute) -> str:
        """The kind of thing an attribute is: of a module, a class, an instance."""
        path = ast.unparse(node)
        if re.fullmatch(r"[\w.]+", path) and path.partition(".")[0] not in self._own():
            if known.outside(path) is not None:
                return "NumPy" if path.startswith("np.") else "Python"
            root, *rest = path.split(".")
            found = nnref if root == "nnref" else known.public(root)
            modules = known.package_modules()
            if root in modules and isinstance(known.public(root.title()), type):
                found = None  # `layer` is any `Layer`, rather than the module
            if root == "nnref" and rest[0] in known.package_modules():
                found = import_module(f"nnref.{rest.pop(0)}")
            if found is not None:
                for part in rest:
                    if isinstance(found, type) and part in known.attributes(found):
                        return "nnref"
                    if not hasattr(found, part):
                        what = f"{getattr(found, '__name__', root)} has no"
                        raise UnresolvedError(unknown(part, dir(found), what))
                    found = getattr(found, part)
                return "nnref"
            if root in ("np", "numpy", "plt", "matplotlib"):
                base = known.outside(path.rpartition(".")[0])
                what = f"{path.rpartition('.')[0]} has no"
                raise UnresolvedError(unknown(node.attr, dir(base), what))
        types = self._instance(node.value)
        if not types:
            self.check(node.value)
            types = self._types(node.value)
        if types:
            allowed = set().union(*(known.attributes(each) for each in types))
        else:
            allowed = set(known.data_attributes())
            for level in self.scope.levels:
                allowed |= level.attributes
        if node.attr not in allowed:
            base = ast.unparse(node.value)
            raise UnresolvedError(unknown(node.attr, allowed, f"{base} has no"))
        return "variable"

    def _own(self) -> set[str]:
        """Names that blocks bind and that hide a module of the package."""
        names = set().union(*(level.names for level in self.scope.levels))
        return names - set(known.exported()) - {"np", "plt", "nnref"}

    def _instance(self, node: ast.expr) -> set[type]:
        """The class, with those below it, of which `layer` is any instance."""
        if not isinstance(node, ast.Name) or self._is_bound_anywhere(node.id):
            return set()
        base = known.public(node.id.capitalize())
        if not isinstance(base, type):
            return set()
        return {cls for cls in known.package_classes() if issubclass(cls, base)}

    def _types(self, node: ast.expr) -> set[type]:
        if not isinstance(node, ast.Name):
            return set()
        if node.id == "rng":
            return {np.random.Generator}
        found = set[type]()
        for level in self.scope.levels:
            found |= level.types.get(node.id, set())
        return found

    def call(self, node: ast.Call) -> None:
        """The callable, its keywords, and that named arguments stand in their order."""
        self.check(node.func)
        options = self.options(node.func)
        parameters = {p for option in options for p in option.parameters}
        name = ast.unparse(node.func)
        is_any = self._is_placeholder(name) or name == "_"
        is_described = self._is_parameter(name.removesuffix("_backward"))
        if is_described:  # `loss(pred, y)`: what operations call their parameters
            parameters |= {p for each in any_parameters().values() for p in each}
        faults: list[str] = []
        for option in options:
            fault = self._mismatch(node, option, name)
            if not fault:
                break
            faults.append(fault)
        else:
            if faults:
                raise UnresolvedError(faults[0])
        for place, argument in enumerate(node.args):
            if isinstance(argument, ast.Name):
                place += is_any and not name.endswith("_backward") and name != "_"
                if is_any and place == 0 and argument.id not in any_parameters()[0]:
                    raise UnresolvedError(
                        f"a gradient takes first {', '.join(any_parameters()[0])}"
                    )
                if argument.id in parameters or (
                    is_any and argument.id in any_parameters()[place]
                ):
                    continue
                is_ours = options and not name.startswith(("np.", "rng."))
                is_letter = len(argument.id) == 1
                if is_ours and is_letter and not self._is_bound(argument.id):
                    what = f"{name}({', '.join(options[0].positional)}) has no"
                    raise UnresolvedError(unknown(argument.id, parameters, what))
            if isinstance(argument, ast.Starred):
                if ast.unparse(argument) != "*args":
                    self.check(argument.value)
                continue
            self.check(argument)
        for item in node.keywords:
            if item.arg or ast.unparse(item.value) != "kwargs":
                self.check(item.value)

    def _is_bound(self, name: str) -> bool:
        if self.scope.page in SUBJECT_LATEX:
            return True
        levels = self.scope.for_name(name)
        return name in self.bound or any(name in level.names for level in levels)

    def _is_bound_anywhere(self, name: str) -> bool:
        return any(name in level.names for level in self.scope.levels)

    def options(self, function: ast.expr) -> list[Signature]:
        """The signatures that a callable may have."""
        path = ast.unparse(function)
        last = path.rpartition(".")[2]
        found = [
            s for level in self.scope.levels for s in level.functions.get(last, [])
        ]
        if isinstance(function, ast.Name) and found:
            return [*found, *known.package_signatures(last)]
        if path.startswith("rng."):
            one = known.signature(getattr(np.random.Generator, last))
            return [one] if one else []
        if path.startswith(("np.", "numpy.", "plt.")):
            one = known.signature(known.outside(path))
            return [one] if one else []
        ours = known.package_signatures(last)
        if not ours and isinstance(function, ast.Attribute):  # an array's `x.max`
            one = known.signature(getattr(np.ndarray, last, None))
            return [replace(one, any_position=True)] if one else []
        return ours

    @staticmethod
    def _mismatch(node: ast.Call, option: Signature, name: str) -> str:
        for item in node.keywords:
            if item.arg and item.arg not in option.named and not option.any_name:
                what = f"{name} has no parameter"
                return unknown(item.arg, option.named, what)
        listed = ", ".join(option.positional)
        given = [
            a for a in node.args if not (isinstance(a, ast.Constant) and a.value is ...)
        ]
        stars = any(isinstance(a, ast.Starred) for a in given)
        if len(given) > len(option.positional) and not option.any_position | stars:
            return (
                f"{name} takes at most {len(option.positional)} by position: {listed}"
            )
        for i, argument in enumerate(given):
            if not isinstance(argument, ast.Name) or option.any_position or stars:
                continue
            order = option.positional
            if argument.id in order and order.index(argument.id) != i:
                return f"another order of arguments: {name}({listed})"
        return ""


def is_call_of_any(text: str) -> bool:
    """Whether a piece of code calls the `f` that stands for any operation."""
    return bool(re.match(rf"{ANY_FUNCTION}(_backward)?\(", text))


@lru_cache
def any_parameters() -> dict[int, set[str]]:
    """What gradients call their parameters, by position: what `f(x, ...)` may take."""
    found: dict[int, set[str]] = {}
    for name in known.exported():
        for each in known.package_signatures(name) if "_backward" in name else ():
            for place, parameter in enumerate(each.positional):
                found.setdefault(place, set()).add(parameter)
    return found


@lru_cache
def _packages() -> frozenset[str]:
    """The folders at the root that hold Python."""
    found = {path.parent.name for path in pages.ROOT.glob("*/__init__.py")}
    return frozenset(found | {"nnref", "eqcheck"})


@cache
def _is_colour(name: str) -> bool:
    from matplotlib.colors import is_color_like

    return is_color_like(name)
