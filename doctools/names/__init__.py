"""Inline code names what exists: in the blocks beside it, the package, NumPy, Python.

A name that is meant not to exist is marked above its paragraph, to the letter:
`<!-- names: `zero_grad`, `nn.ReLU`, because they are PyTorch's -->`.
`python -m doctools.names` lists what does not resolve; with `--mutate`, what share of
misspelt names is noticed.
"""

from doctools.names.files import (
    ROOT_PAGES,
    Share,
    all_pages,
    faults,
    names,
    package_files,
    share,
    sources,
)
from doctools.names.misspell import Mutant, misspelt, mutants
from doctools.names.text import Name, PageNames

__all__ = [
    "ROOT_PAGES",
    "Mutant",
    "Name",
    "PageNames",
    "Share",
    "all_pages",
    "faults",
    "misspelt",
    "mutants",
    "names",
    "package_files",
    "share",
    "sources",
]
