"""Lists the numbers in running text and what they are bound to.

python -m doctools.numbers [PAGE ...]    what is unbound; with -v also what is bound
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from doctools.pages import ROOT, markdown_pages
from doctools.prose.numbers import read_page


def pages() -> list[Path]:
    """All pages whose numbers are held, the README among them."""
    return [*markdown_pages(), ROOT / "README.md"]


def main(arguments: list[str] | None = None) -> int:
    """Print the numbers of pages; 1 if one has no source."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args(arguments)
    total: Counter[str] = Counter()
    wrong = 0
    for path in options.pages or pages():
        found = read_page(path.resolve())
        total += found.kinds
        messages = found.messages(str(path))
        wrong += len(messages)
        if options.verbose:
            for place in found.places:
                if place.by:
                    print(f"{path}:{place.line}: {place.numeral.text}: {place.detail}")
        print(*messages, sep="\n", end="\n" if messages else "")
        print(f"{path}: {dict(found.kinds)}")
    print(f"in all: {dict(total)}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
