"""Which modules the Python of comments may use, and which of them count as code."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Packages:
    """Modules by their name in comments, and those that equations are held against."""

    imports: Mapping[str, str] = field(default_factory=dict)
    against: tuple[str, ...] = ()

    def load(self, name: str) -> Any:
        """The module that comments know by this name."""
        return importlib.import_module(self.imports[name])

    def held_against(self, tree: ast.AST) -> frozenset[str]:
        """What an expression takes from the packages that equations are held against.

        That is the `package.softmax` of `package.softmax(z).sum()`.
        """
        dotted = {name for node in ast.walk(tree) if (name := self._dotted(node))}
        return frozenset(
            name
            for name in dotted
            if any(name.startswith(f"{package}.") for package in self.against)
            and not _is_module(name)
        )

    def _dotted(self, node: ast.AST) -> str:
        """The full name of an attribute of a module; empty for anything else."""
        if not isinstance(node, ast.Attribute):
            return ""
        if isinstance(node.value, ast.Name):
            module = self.imports.get(node.value.id, "")
        else:
            module = self._dotted(node.value)
        return f"{module}.{node.attr}" if module in sys.modules else ""


def _is_module(name: str) -> bool:
    """Whether a name is one of a module; a function may have the name of its module."""
    package, _, attribute = name.rpartition(".")
    return isinstance(getattr(sys.modules[package], attribute, None), ModuleType)
