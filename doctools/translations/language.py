"""The language of this build, and what the site itself says in it.

The interface (labels of buttons, titles of listings) is written in English where it is
made, as `say("...")` in Python and `t("...")` in JavaScript; its catalogue is
`translations/zh/interface.po`.
"""

from __future__ import annotations

import os
from typing import Final

# Names the environment variable with the language that a build is in.
LANGUAGE: Final = "NNREF_LANGUAGE"
ENGLISH: Final = "en"
CHINESE: Final = "zh"


def current() -> str:
    """The language of this build: 'en' or 'zh'.

    Raises
    ------
    ValueError
        If the environment asks for another.
    """
    asked = os.environ.get(LANGUAGE) or ENGLISH
    if asked not in (ENGLISH, CHINESE):
        raise ValueError(f"{LANGUAGE} is {asked!r}: write {ENGLISH} or {CHINESE}")
    return asked


def is_translated() -> bool:
    """Whether this build is in another language than the pages are written in."""
    return current() != ENGLISH


def say(text: str, **values: object) -> str:
    """A phrase of the interface, with values in the place of `{name}`."""
    if not is_translated():
        return text.format(**values) if values else text
    from doctools.translations import catalogue, checks

    text = catalogue.read(catalogue.INTERFACE).get(text, text)
    return checks.spaced(text.format(**values) if values else text)
