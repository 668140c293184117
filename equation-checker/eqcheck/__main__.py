"""`python -m eqcheck`: see `eqcheck.outside.cli`."""

from eqcheck.outside.cli import run

run()
