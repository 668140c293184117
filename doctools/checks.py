"""Checks equations in new processes, several at a time, before a page asks for them.

The process that renders the pages has loaded the package as it was: in `make serve`,
before it was changed. A new one loads it as it is. Results go to the cache.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import eqcheck
import nnref
from doctools import formulas, pages
from eqcheck.outside import code

CACHE = pages.ROOT / eqcheck.CACHE
PACKAGE = Path(nnref.__file__).parent
_loaded = code.read(PACKAGE)  # what this process works with
Job = Path | str  # a page, or the name of a docstring


def kept(job: Job) -> list[eqcheck.Result] | None:
    """The results that are kept of a page or a docstring, if they are still right."""
    if isinstance(job, Path):
        return eqcheck.kept_page(job, CACHE)
    return formulas.package().kept(job, CACHE)


def results(job: Job) -> list[eqcheck.Result]:
    """What became of the equations of a page or of a docstring."""
    found = kept(job)
    if found is None:
        if code.read(PACKAGE) == _loaded:
            _check(job, CACHE)
        else:
            check([job])
        found = kept(job)
    if found is None:
        raise pages.PageError("eqcheck itself has changed: start the preview again")
    return found


def check_all(paths: Iterable[Path]) -> int:
    """Check what is not kept, of these pages and all docstrings; return how many."""
    # The longest pages first, so that no process waits for another at the end.
    longest = sorted(paths, key=lambda path: -path.stat().st_size)
    jobs: list[Job] = [*longest, *formulas.package().docstrings]
    missing = [job for job in jobs if kept(job) is None]
    check(missing)
    return len(missing)


def check(jobs: Sequence[Job]) -> None:
    """Check pages and docstrings on all processors."""
    if not jobs:
        return
    workers = min(len(jobs), os.cpu_count() or 1)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        list(pool.map(_check, jobs, itertools.repeat(CACHE)))


def _check(job: Job, cache: Path) -> None:
    if isinstance(job, Path):
        eqcheck.check_page(job, cache=cache)
    else:
        formulas.package().check(job, cache=cache)
