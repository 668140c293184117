"""Arrays by name, as layers hand them out."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, shaped


class Arrays(dict[str, Array]):
    """A dict with fixed names: assigning to one writes into its array.

    A layer makes a new dict each time that it is asked for `params`; a plain one would
    take the assignment and be gone, and nothing would have changed.
    """

    __slots__ = ("_what",)

    def __init__(self, arrays: Mapping[str, Array], what: str) -> None:
        super().__init__(arrays)
        self._what = what

    def __setitem__(self, name: str, value: ArrayLike) -> None:
        if name not in self:
            raise ValueError(f"{self._what} has no {name!r}, expected one of {[*self]}")
        array = self[name]
        if value is array:  # as after `params[name] -= step`
            return
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{self._what}[{name!r}] is {array!r}, no array")
        array[...] = shaped(value, array.shape, f"{self._what}[{name!r}]")

    def update(self, *others: Any, **more: Any) -> None:
        """Assign to each name."""
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __ior__(self, other: Any) -> "Arrays":  # type: ignore[override, misc]
        self.update(other)
        return self

    def fill(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Assign to all names; if one is missing or wrong, to none."""
        check_names(arrays, self, self._what)
        for name, array in self.items():
            shaped(arrays[name], np.shape(array), f"{self._what}[{name!r}]")
        self.update(arrays)

    def _refuse(self, *_: Any) -> NoReturn:
        raise ValueError(f"the names in {self._what} are fixed, expected {[*self]}")

    __delitem__ = pop = popitem = clear = setdefault = _refuse

    def __reduce__(self) -> Any:
        return dict, (dict(self),)  # a copy belongs to no layer


def check_names(given: Iterable[str], expected: Iterable[str], what: str) -> None:
    """Refuse names other than those expected, in any order."""
    missing, unknown = sorted({*expected} - {*given}), sorted({*given} - {*expected})
    if missing or unknown:
        parts = [f"lacks {missing}"] if missing else []
        parts += [f"has {unknown}, which are unknown here"] if unknown else []
        raise ValueError(f"{what} {' and '.join(parts)}")
