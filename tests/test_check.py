"""Checks of arguments: the message names what was given and what was expected."""

import re

import numpy as np
import pytest

from nnref import _check

NO_NUMBERS = [
    "0.5",
    None,
    [0.5],
    (0.5, 0.6),
    0.5j,
    True,
    np.True_,
    np.ones(1),
    object(),
]


def shown(x) -> str:
    return repr(x.item() if isinstance(x, np.generic) else x)


@pytest.mark.parametrize("x", [*NO_NUMBERS, np.array("a"), 1.5, -0.1, np.nan, np.inf])
def test_a_number_is_one_real_number_in_the_interval(x) -> None:
    message = f"rate is {shown(x)}, expected a number in [0, 1]"
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        _check.number(x, "rate", "[0, 1]")


@pytest.mark.parametrize("x", [0.5, np.float32(0.5), np.array(0.5), 1, np.int8(1)])
def test_a_number_becomes_a_python_float(x) -> None:
    found = _check.number(x, "rate", "[0, 1]")
    assert (type(found), found) == (float, float(x))


@pytest.mark.parametrize("x", [*NO_NUMBERS, 2.0, 0, -1, np.array(2), np.int64(0)])
def test_a_whole_number_is_an_integer_of_that_size(x) -> None:
    message = f"n is {shown(x)}, expected an integer of at least 1"
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        _check.whole(x, "n")


@pytest.mark.parametrize(
    ("x", "text"),
    [
        ([1, 2], "[1, 2]"),
        (np.float32(0.5), "0.5"),
        ("a" * 78, repr("a" * 78)),
        ("a" * 79, "of type str"),
        (np.ones((2, 1)), "of type ndarray"),
        ([np.ones(3)] * 9, "of type list"),
    ],
)
def test_an_error_shows_no_more_than_fits_its_line(x, text) -> None:
    assert _check.shown(x) == text


@pytest.mark.parametrize("rng", [0, None, np.random, np.random.RandomState(0)])
def test_a_generator_is_no_seed(rng) -> None:
    with pytest.raises(ValueError, match=r"^rng is .*, expected such as np.random.def"):
        _check.generator(rng)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ("ab", "x has dtype <U2, expected real numbers"),
        (None, "x has dtype object, expected real numbers"),
        ([1j], "x has dtype complex128, expected real numbers"),
        ([[1, 2], [3]], "x is [[1, 2], [3]], expected rows of equal length"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_by_name(x, message) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        _check.as_float(x, "x")


@pytest.mark.parametrize("x", [0, 1, "yes", None, [True], np.ones(1, bool)])
def test_a_flag_is_true_or_false(x) -> None:
    with pytest.raises(ValueError, match=r"^drop is .*, expected True or False$"):
        _check.flag(x, "drop")
    assert _check.flag(np.True_, "drop") is True


def test_functions_and_arrays_by_name() -> None:
    assert _check.function(len, "f") is len
    with pytest.raises(ValueError, match=r"^f is 3, expected a function$"):
        _check.function(3, "f")
    with pytest.raises(ValueError, match=r"^grads is \[1\], expected arrays by name"):
        _check.by_name([1], "grads")


@pytest.mark.parametrize("dtype", [int, "float", np.float32])
def test_a_dtype_is_one_of_floats(dtype) -> None:
    if dtype is int:
        with pytest.raises(ValueError, match=r"^dtype is int64, expected a float type"):
            _check.floating(dtype)
    else:
        assert _check.floating(dtype) == np.dtype(dtype)
    with pytest.raises(ValueError, match=r"^dtype is 'f33', expected a float type"):
        _check.floating("f33")


def test_half_precision_is_refused() -> None:
    message = r"^{} has dtype float16, expected float32 or float64$"
    for check in (
        lambda x: _check.as_float(x, "x"),
        lambda x: _check.shaped(x, (2,), "x"),
        lambda x: _check.like(x, np.ones(2), "x"),
        lambda x: _check.nonempty(x, "x"),
    ):
        with pytest.raises(ValueError, match=message.format("x")):
            check(np.ones(2, np.float16))
    with pytest.raises(ValueError, match=r"^dtype is float16, expected float32 or"):
        _check.floating("float16")
