"""Remembers what the Python of comments came to, for the times it is run again.

Most lines of a comment that is run again read what they read before. A result is taken
from memory where this cannot be told from running the line: all that it reads is known
to be the same, down to the state of `rng`, and the result consists of numbers.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from eqcheck.symbols.comment import Python
from eqcheck.symbols.state import State, Token

_Key = tuple[str, frozenset[tuple[str, Token]]]
_PLAIN = bool | int | float | complex | str | np.number | np.bool_ | None
_tokens = count()


def new_token() -> Token:
    """A mark for a content that is like no other."""
    return next(_tokens)


@dataclass(frozen=True)
class _Entry:
    token: Token
    result: Any = None
    state: dict[str, Any] | None = None  # of `rng` afterwards
    kept: bool = False  # else the line has to be run each time


class Memory:
    """What was read, and what came of it."""

    def __init__(self) -> None:
        self._entries: dict[_Key, _Entry] = {}
        self._off = False

    def result(
        self, python: Python, state: State, run: Callable[[], Any]
    ) -> tuple[Any, Token]:
        """The result of a line, run if need be, and the token of its content."""
        read = None if self._off else _read(python.names, state)
        if read is None:
            return run(), new_token()
        key = python.source, frozenset(read.items())
        entry = self._entries.get(key)
        rng = state.python["rng"] if "rng" in read else None
        if entry is not None and entry.kept:
            if rng is not None:
                rng.bit_generator.state = entry.state
            return _copied(entry.result), entry.token
        before = {name: _copied(state.python.get(name)) for name in read}
        result = run()
        if any(not _same(old, state.python.get(name)) for name, old in before.items()):
            self._off = True  # it writes into what it reads
        if entry is None:
            entry = _Entry(new_token())
            if _is_plain(result):
                after = None if rng is None else rng.bit_generator.state
                entry = _Entry(entry.token, _copied(result), after, kept=True)
            self._entries[key] = entry
        known = entry.kept or _is_own(result, state)
        return result, entry.token if known else new_token()


def _read(names: Iterable[str], state: State) -> dict[str, Token] | None:
    """All that Python reads, through functions of comments; None if that is unknown."""
    found: dict[str, Token] = {}
    todo = [*names]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        value = state.python.get(name)
        if name not in state.python or isinstance(value, ModuleType):
            found[name] = type(value).__name__
        elif _is_of_module(value):
            found[name] = id(value)  # a module keeps it
        elif isinstance(value, np.random.Generator):
            found[name] = repr(value.bit_generator.state)
        elif isinstance(value, FunctionType) and _is_own(value, state):
            found[name] = state.tokens[name]
            todo += _globals(value)
        elif name in state.tokens and _is_plain(value):
            found[name] = state.tokens[name]
        else:
            return None
    return found


def _is_own(value: object, state: State) -> bool:
    """Whether this is a function that reads nothing but the symbols as they are now."""
    return (
        isinstance(value, FunctionType)
        and value.__globals__ is state.python
        and value.__closure__ is None
        and not value.__defaults__
        and not value.__kwdefaults__
    )


def _is_of_module(value: Any) -> bool:
    if not callable(value):
        return False
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    name = getattr(value, "__name__", "")
    return value is getattr(module, name, None)


def _globals(function: FunctionType) -> set[str]:
    found: set[str] = set()
    todo = [function.__code__]
    while todo:
        code = todo.pop()
        found |= set(code.co_names)
        todo += [each for each in code.co_consts if isinstance(each, type(code))]
    return found


def _is_plain(value: object) -> bool:
    """Whether this is made of numbers."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufc"
    if type(value) in {list, tuple}:
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    if type(value) is dict:
        return all(_is_plain(k) and _is_plain(v) for k, v in value.items())
    return isinstance(value, _PLAIN)


def _copied(value: Any) -> Any:
    return copy.deepcopy(value) if _is_plain(value) else value


def _same(old: Any, new: Any) -> bool:
    """Whether a value is what it was."""
    if isinstance(old, np.ndarray):
        return np.array_equal(old, new, equal_nan=old.dtype.kind in "fc")
    if type(old) in {list, tuple}:
        return len(old) == len(new) and all(map(_same, old, new))
    if type(old) is dict:
        return old.keys() == new.keys() and all(_same(old[k], new[k]) for k in old)
    return old is new or not _is_plain(old) or bool(old == new or old != old)
