"""Print the faults, or the share of misspelt names that are noticed."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from doctools import names
from doctools.arguments import parser


def main(arguments: list[str] | None = None) -> int:
    """Print the faults, or the share of misspelt names that are noticed."""
    options = parser("names", names.__doc__)
    options.add_argument(
        "--list", action="store_true", help="every piece, with its kind"
    )
    options.add_argument("--mutate", action="store_true", help="misspell at random")
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args(arguments)
    files: list[Path] = chosen.pages or [*names.all_pages(), *names.package_files()]
    if chosen.mutate:
        return misspell(files, chosen.count, chosen.seed)
    found = [name for path in files for name in names.names(path)]
    for name in found:
        if chosen.list and not name.fault:
            print(f"{name.place}: `{name.text}`: {name.kind}")
    kinds = Counter(name.kind for name in found if not name.fault)
    print(len(found), *(f"{kind} {n}" for kind, n in kinds.most_common()), sep="  ")
    wrong = [str(name) for name in found if name.fault]
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


def misspell(files: list[Path], count: int, seed: int) -> int:
    """Print the misspelt names that are not noticed, and how many are."""
    tried = names.mutants(files, count, seed)
    missed = [mutant for mutant in tried if not mutant.noticed]
    for each in missed:
        print(f"{each.place}: `{each.text}` -> `{each.changed}`")
    noticed = len(tried) - len(missed)
    print(f"{noticed} of {len(tried)} noticed ({noticed / len(tried):.1%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
