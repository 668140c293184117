"""What is remembered of comments that are run again, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from eqcheck.symbols.comment import Python
from eqcheck.symbols.memory import Memory
from eqcheck.symbols.state import State


class Counter:
    """Runs lines, counts how often, and files what they give."""

    def __init__(self):
        self.memory = Memory()
        self.runs = 0

    def state(self, seed=0):
        state = State()
        state.python = {"np": np, "rng": np.random.default_rng(seed)}
        return state

    def give(self, state, name, source):
        python = Python(source, 1)

        def run():
            self.runs += 1
            return eval(python.code, state.python)

        result, state.tokens[name] = self.memory.result(python, state, run)
        state.python[name] = result
        return result


@pytest.fixture
def counter():
    return Counter()


def test_a_line_that_reads_the_same_is_run_once(counter):
    given = []
    for _ in range(3):
        state = counter.state()
        counter.give(state, "x", "rng.normal(size=3)")
        counter.give(state, "y", "2 * x")
        given.append((state.python["y"], counter.give(state, "z", "rng.normal()")))
    assert counter.runs == 3
    assert given[0][1] == given[1][1] == given[2][1]
    given[1][0][:] = 0  # what was handed out is not what is kept
    state = counter.state()
    counter.give(state, "x", "rng.normal(size=3)")
    assert np.array_equal(counter.give(state, "y", "2 * x"), given[2][0])
    assert given[2][0].all()


def test_other_numbers_are_read_anew(counter):
    first = counter.give(counter.state(0), "x", "rng.normal()")
    assert counter.give(counter.state(1), "x", "rng.normal()") != first
    a, b = counter.state(), counter.state()
    counter.give(a, "x", "1.0")
    counter.give(b, "x", "2.0")
    assert counter.give(a, "y", "x + 1") == 2
    assert counter.give(b, "y", "x + 1") == 3


def test_what_functions_read_counts(counter):
    found = []
    for c in ("1.0", "2.0", "2.0"):
        state = counter.state()
        counter.give(state, "c", c)
        counter.give(state, "f", "lambda x: (lambda y: c * y)(x)")
        found.append(counter.give(state, "y", "f(3.0)"))
    assert found == [3, 6, 6]
    assert counter.runs == 7  # c twice, f each time, y twice
    counter.give(state, "c", "5.0")  # what it reads when it is called
    assert counter.give(state, "y", "f(3.0)") == 15


def test_what_is_no_number_is_made_anew(counter):
    for _ in range(2):
        state = counter.state()
        counter.give(state, "o", "type('O', (), {'n': 1})()")
        counter.give(state, "y", "o.n")
    assert counter.runs == 4
    counter.give(state, "g", "lambda x=[]: x.append(0) or len(x)")
    assert [counter.give(state, "y", "g()") for _ in range(2)] == [1, 2]


def test_after_a_line_that_writes_into_what_it_reads_nothing_is_remembered(counter):
    for _ in range(2):
        state = counter.state()
        counter.give(state, "x", "np.zeros(2)")
        counter.give(state, "y", "x.__setitem__(0, x[0] + 1) or x.sum()")
        assert counter.give(state, "z", "x[0]") == 1
    assert counter.runs == 6
