"""Copies of plain versions, each run in a namespace of its own, give what nnref gives.

Functions are held to the examples of their docstrings in test_standalone; here are the
classes, and all else that test_plain has a case for.
"""

from __future__ import annotations

import builtins
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import test_plain

import nnref
from doctools import standalone


def only_numpy(name: str, *rest: Any) -> ModuleType:
    top = name.partition(".")[0]
    if top != "numpy" and top not in sys.stdlib_module_names:
        raise ImportError(f"the copy imports {name}")
    return __import__(name, *rest)


def run_alone(code: str) -> dict[str, Any]:
    space = {"__name__": "alone", "__builtins__": {**vars(builtins)}}
    space["__builtins__"]["__import__"] = only_numpy
    exec(compile(code, "<copy>", "exec"), space)
    return space


@pytest.fixture(scope="module")
def copies() -> SimpleNamespace:
    package = standalone.plain()
    return SimpleNamespace(
        **{name: run_alone(package.snippet(name))[name] for name in package.public()}
    )


@pytest.mark.parametrize(
    "case",
    dict.fromkeys(test_plain.CASES.values()),
    ids=lambda f: f.__code__.co_firstlineno,
)
def test_copies_give_what_nnref_gives(case: Any, copies: SimpleNamespace) -> None:
    own, expected = (case(n, np.random.default_rng(5)) for n in (copies, nnref))
    test_plain.same(own, expected)


def test_every_class_has_a_case() -> None:
    classes = {name for name in standalone.plain().public() if name[0].isupper()}
    assert classes <= set(test_plain.CASES)


def test_a_copy_that_imports_more_fails() -> None:
    with pytest.raises(ImportError, match="imports nnref"):
        run_alone("from nnref import relu")
