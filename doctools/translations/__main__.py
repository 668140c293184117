"""`python -m doctools.translations`: catalogues brought up to date and checked.

Without arguments all catalogues are updated (`make translations`) and what is missing
is counted. `export PAGE` writes what is missing on a page for a translator, a unit
after the other, each below its key; `import PAGE FILE` reads that with the Chinese
in the place of the English and says what is wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path

from doctools.translations import catalogue, checks, edition, labels, words

_HEAD = re.compile(r"@(\w+)\n")


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(
        prog="python -m doctools.translations", description=__doc__
    )
    parser.add_argument(
        "command", nargs="?", default="update", choices=["update", "export", "import"]
    )
    parser.add_argument("page", nargs="?")
    parser.add_argument("file", nargs="?", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "export":
        sys.stdout.write(exported(arguments.page))
        return 0
    if arguments.command == "import":
        text = arguments.file.read_text(encoding="utf-8")
        found = imported(arguments.page, text)
        print(*found, sep="\n")
        return bool(found)
    for page in edition.translated_pages():
        _report(page, *catalogue.update(page))
    phrases = words.all_words()
    _report("interface", *catalogue.brought_up(catalogue.INTERFACE, phrases))
    drawn = list(labels.words())
    _report("figures", *catalogue.brought_up(catalogue.FIGURES, drawn))
    return 0


def _report(name: str, count: int, lacking: int, near: int) -> None:
    if lacking:
        print(f"{name}: {lacking} of {count} lack, for {near} there is a proposal")


def exported(page: str) -> str:
    """What is not translated yet, with keys."""
    known = catalogue.of_page(page)
    texts = dict.fromkeys(unit.text for unit in catalogue.page_units(page))
    return "".join(f"@{_key(t)}\n{t}\n\n" for t in texts if t not in known)


def imported(page: str, text: str) -> list[str]:
    """Take over what is sound; return what is wrong with the rest."""
    pieces = _HEAD.split(text)
    given = {
        key: said.strip() for key, said in zip(pieces[1::2], pieces[2::2], strict=True)
    }
    texts = {_key(unit.text): unit.text for unit in catalogue.page_units(page)}
    known, found = dict(catalogue.read(catalogue.place(page))), []
    for key, chinese in given.items():
        if key not in texts:
            found.append(f"@{key}: no such paragraph on {page}")
        elif faults := checks.faults(texts[key], chinese, page):
            found.append(f"@{key} {texts[key][:50]!r}: {'; '.join(faults)}")
        else:
            known[texts[key]] = chinese
    common = catalogue.read(catalogue.COMMON)
    keys = [unit.text for unit in catalogue.page_units(page)]
    catalogue.save(
        catalogue.place(page), [key for key in keys if key not in common], known
    )
    return found


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


if __name__ == "__main__":
    sys.exit(main())
