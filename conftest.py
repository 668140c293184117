"""Loads the plugins that run what the pages show."""

import os

# One thread to a process, set before NumPy is loaded: the tests run in parallel, and
# threads that wait for one another's core take several times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = ["doctools.plugin"]
