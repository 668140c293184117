"""Catalogues: gettext files, one a page, keyed by the English text.

A paragraph whose English has changed is no key any more: its translation is stale, and
the page shows the English until somebody has looked at it again.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import Final

import polib

from doctools import pages
from doctools.translations.units import Unit, units

FOLDER: Final = pages.ROOT / "translations" / "zh"
COMMON: Final = FOLDER / "common.po"  # what several pages say in the same words
INTERFACE: Final = FOLDER / "interface.po"  # what the site itself says: `say`, `t`
FIGURES: Final = FOLDER / "figures.po"  # the words in figures
NEAR: Final = 0.75  # how like a changed paragraph the old one must be to be proposed


def place(page: str) -> Path:
    """The catalogue of a page below `docs/`."""
    return (FOLDER / page).with_suffix(".po")


def page_units(page: str) -> list[Unit]:
    """The units of a page below `docs/`."""
    return units((pages.DOCS / page).read_text(encoding="utf-8"), page)


def read(path: Path) -> dict[str, str]:
    """What a catalogue translates; what is only proposed does not count."""
    if not path.exists():
        return {}
    state = path.stat()
    return _read(path, state.st_mtime_ns, state.st_size)


@cache
def _read(path: Path, _when: int, _size: int) -> dict[str, str]:
    entries = polib.pofile(str(path))
    return {entry.msgid: entry.msgstr for entry in entries.translated_entries()}


def of_page(page: str) -> dict[str, str]:
    """All translations that hold on a page."""
    return read(COMMON) | read(place(page))


def save(path: Path, keys: list[str], known: dict[str, str]) -> tuple[int, int]:
    """Write a catalogue with these keys; return how many lack and how many are near.

    What is known stays; for a key that is not, what was said of a similar one that is
    gone is proposed, marked as fuzzy.
    """
    written = polib.POFile(wrapwidth=96)
    written.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": "zh_CN",
    }
    gone = [key for key in known if key not in set(keys)]
    lacking = near = 0
    for key in dict.fromkeys(keys):
        entry = polib.POEntry(msgid=key, msgstr=known.get(key, ""))
        if not entry.msgstr:
            lacking += 1
            if old := difflib.get_close_matches(key, gone, 1, NEAR):
                near += 1
                entry = polib.POEntry(
                    msgid=key,
                    msgstr=known[old[0]],
                    previous_msgid=old[0],
                    flags=["fuzzy"],
                )
        written.append(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    written.save(str(path))
    return lacking, near


def update(page: str) -> tuple[int, int, int]:
    """Bring a page's catalogue up to date: units, how many lack, how many are near."""
    common = read(COMMON)
    keys = [unit.text for unit in page_units(page) if unit.text not in common]
    return brought_up(place(page), keys)


def brought_up(path: Path, keys: list[str]) -> tuple[int, int, int]:
    """Bring a catalogue up to date with these keys; see `update`."""
    known = dict(read(path))
    if path.exists():  # proposals of before stay proposals
        for entry in polib.pofile(str(path)).fuzzy_entries():
            known.setdefault(entry.previous_msgid or entry.msgid, entry.msgstr)
    return len(dict.fromkeys(keys)), *save(path, keys, known)
