"""`python -m eqcheck`: see `eqcheck.outside.cli`."""

import sys

from eqcheck.outside.cli import main

sys.exit(main(sys.argv[1:]))
