"""`python -m doctools.figures [PAGE...]` draws what these pages, or all, lack."""

import sys
import time
from pathlib import Path

from doctools import pages
from doctools.figures import FigureError, draw_all


def main() -> int:
    """Draw, and say how many in what time."""
    start = time.perf_counter()
    paths = [Path(name) for name in sys.argv[1:]] or pages.markdown_pages()
    try:
        drawn = draw_all(paths)
    except FigureError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{drawn} figures drawn in {time.perf_counter() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
