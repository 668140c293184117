"""Neural networks from first principles, in NumPy that one can read.

Every public name of every module can be had from here: `nnref.softmax`.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from nnref.activations import *
from nnref.clipping import *
from nnref.convolution import *
from nnref.data import *
from nnref.dense import *
from nnref.entropies import *
from nnref.gradcheck import *
from nnref.initialization import *
from nnref.layer import *
from nnref.losses import *
from nnref.network import *
from nnref.normalization import *
from nnref.optimizers import *
from nnref.pooling import *
from nnref.regularization import *
from nnref.training import *
from nnref.validation import *

__version__ = "0.2.0"

if not TYPE_CHECKING:  # type checkers take the names from the lines above
    __all__ = sorted(
        name
        for name, value in globals().items()
        if getattr(value, "__module__", "").startswith("nnref.")
    )

    def __getattr__(name: str) -> ModuleType:
        """Import `nnref.plain` when it is asked for, not with all the rest."""
        if name == "plain":
            return importlib.import_module("nnref.plain")
        raise AttributeError(f"module 'nnref' has no attribute {name!r}")

else:
    from nnref import plain as plain
