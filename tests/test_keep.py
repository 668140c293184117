"""Selection by a mask of bits gives what `np.where` gives, to the bit."""

import numpy as np
import pytest

from nnref._keep import keep

NUMBERS = [1.5, -2.0, 0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g"])
@pytest.mark.parametrize("kept", [True, False])
def test_every_kind_of_number(dtype, kept):
    with np.errstate(under="ignore"):
        a = np.array(NUMBERS).astype(dtype)
    found = keep(a, np.full(a.shape, kept))
    assert found.dtype == a.dtype
    expected = a if kept else np.zeros_like(a)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g"])
def test_any_layout_and_shape(dtype):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(6, 4, 10)).astype(dtype)[::2, :, ::3].swapaxes(0, 2)
    mask = rng.normal(size=(6, 4, 10))[::2, :, 1::3].swapaxes(0, 2)[: len(a)] > 0
    a = a[: len(mask)]
    np.testing.assert_array_equal(keep(a, mask), np.where(mask, a, 0))
    np.testing.assert_array_equal(keep(a[0, 0, 0, None], mask[0, 0, 0, None]).shape, 1)
    assert keep(np.asarray(a[0, 0, 0]), np.asarray(True)) == a[0, 0, 0]
