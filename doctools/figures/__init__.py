"""The figures of the pages: drawn by the blocks above them, in the same build.

`figure_html` gives the figure below a block as HTML with inline SVG. Drawings are kept
in `.cache/figures` by all that they depend on, so that a block is drawn again only when
it, the package or the style changed. `draw_all` draws what is missing, in parallel.
"""

from __future__ import annotations

import atexit
import hashlib
import html
import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from doctools import blocks, pages, sliders
from doctools.figures.svg import PREFIX
from doctools.figures.worker import Answer, Job, Worker, draw_many
from eqcheck.outside import code

CACHE = pages.ROOT / ".cache" / "figures"
# A drawing depends on what its block names of the package, and on all that draws.
PACKAGE = pages.ROOT / "nnref"
SOURCES = (
    pages.ROOT / "doctools" / "blocks.py",
    pages.ROOT / "doctools" / "figures",
)
KEEP_DAYS = 14
MOST_BYTES = 30_000  # of a page's figures with sliders, compressed


class FigureError(pages.PageError):
    """A figure that cannot be drawn; the message starts with page:line."""


def figure_html(
    block: pages.Block,
    page: str | None = None,
    say: Callable[[str], str | None] = str,
) -> str:
    """The figure of a block that draws, for the place below it.

    `page` names the page in errors; without it, it is looked up. `say` gives caption
    and labels in the language of the build, None where it lacks them.
    """
    if not block.caption:
        page, found = (page, block) if page else _located(block)
        message = (
            "a block that draws needs its caption above it, `<!-- figure: ... -->`"
        )
        raise FigureError(f"{page}:{found.line}: {message}")
    drawing = _drawing(block, page)
    name = f"figure-{block.line}"
    caption = _said(f'<figcaption id="{name}"', block.caption, say, "figcaption")
    inside = _labelled(drawing, name)
    if not block.controls:
        return f'<figure class="nn-figure">{inside}{caption}</figure>'
    page, block = (page, block) if page else _located(block)
    stage = f'<div class="nn-explore__stage">{inside}</div>'
    if script := sliders.script(block):
        which = f'data-explore="{script.name}"'
        return f'<figure class="nn-figure" {which}>{stage}{caption}</figure>'
    others = [
        f"<div>{_labelled(_drawing(frame, page), name)}</div>"
        for _, frame in _frames(page, block)
    ]
    return (
        '<figure class="nn-figure nn-explore">'
        f"{stage}{_ranges(block, name, say)}{caption}"
        f"<template>{''.join(others)}</template></figure>"
    )


def _labelled(drawing: str, name: str) -> str:
    """A drawing whose text alternative is the caption, with ids of its own."""
    from doctools.translations import labels

    label = f'<svg role="img" aria-labelledby="{name}" data-search-exclude="" '
    drawing = labels.translated(drawing)
    return drawing.replace("<svg ", label).replace(PREFIX, f"{name}-")


def _said(
    opening: str, english: str, say: Callable[[str], str | None], tag: str
) -> str:
    """An element with a text, marked as English where there is no translation."""
    text = say(english)
    if text is None:
        opening, text = f'{opening} lang="en"', english
    return f"{opening}>{html.escape(text)}</{tag}>"


def _ranges(block: pages.Block, name: str, say: Callable[[str], str | None]) -> str:
    """The sliders, which a script shows: without it there is the first frame."""
    rows = []
    for k, slider in enumerate(sliders.sliders(block)):
        ident, texts = f"{name}-slider-{k}", slider.texts()
        rows.append(_said(f'<label for="{ident}"', slider.label, say, "label"))
        rows.append(
            f'<input type="range" id="{ident}" min="0" max="{len(texts) - 1}" step="1" '
            f'value="{slider.start}" data-values="{html.escape(json.dumps(texts))}" '
            f'aria-valuetext="{html.escape(texts[slider.start])}">'
            f'<output for="{ident}">{html.escape(texts[slider.start])}</output>'
        )
    return f'<div class="nn-explore__sliders" hidden>{"".join(rows)}</div>'


def _frames(page: str, block: pages.Block) -> list[tuple[str, pages.Block]]:
    """What to draw for a block with sliders: itself with other literals."""
    try:
        made = sliders.frames(block)
    except sliders.SliderError as error:
        raise FigureError(f"{page}:{block.line}: {error}") from error
    return [(each.setting, replace(block, code=each.code)) for each in made]


def all_drawings(block: pages.Block, page: str) -> list[str]:
    """What a block draws, and what it draws for each position of its sliders."""
    others = [_drawing(frame, page) for _, frame in _frames(page, block)]
    return [_drawing(block, page), *others]


def pictures(block: pages.Block, page: str) -> list[str]:
    """The figures of a block as PNG in base64, in the colours of the light theme."""
    _drawing(block, page)
    path = CACHE / f"{_key(block, _fingerprint())}.png.json"
    if not path.exists():  # drawn as the frame of another block
        _store(path.name.partition(".")[0], _draw_now(page, block, True))
    os.utime(path)  # in use: see _prune
    found: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def check(block: pages.Block, page: str) -> None:
    """Run a block that draws and compare its output; keep what it drew.

    So that a build that follows need not run it once more.
    """
    key = _key(block, _fingerprint())
    if _load(key) is not None:
        blocks.check(block, page)
        return
    from doctools.figures.drawing import draw  # with Matplotlib

    found: list[str] = []
    drawn = draw(block, page, found, blocks.check)
    _store(key, {"figures": drawn, "pictures": found})


def drawings(block: pages.Block, page: str) -> list[str]:
    """The figures of a block, each an SVG element as `svg.py` makes it."""
    whole = _drawing(block, page).replace(PREFIX, f"figure-{block.line}-")
    return re.findall(r"<svg.*?</svg>", whole, re.DOTALL)


def _drawing(block: pages.Block, page: str | None) -> str:
    """What a block draws, from the cache where it is there."""
    key = _key(block, _fingerprint())
    drawing = _load(key)
    if drawing is None:
        where = (page, block) if page else _located(block)
        drawing = _store(key, _draw_now(*where, True))
    return drawing


def draw_all(paths: Iterable[Path]) -> int:
    """Draw the figures of these pages that are not in the cache; return how many."""
    fingerprint = _fingerprint()
    missing: dict[str, Job] = {}
    settings: dict[str, str] = {}
    for path in paths:
        page = blocks.page_name(path)
        for block in pages.blocks(path.read_text(encoding="utf-8"), page):
            wanted = [("", block)] if block.draws else []
            for setting, each in wanted + _frames(page, block):
                key = _key(each, fingerprint)
                if _load(key) is None:
                    missing.setdefault(key, (page, each, each is block))
                    settings.setdefault(key, setting)
    errors = []
    jobs = list(missing.values())
    # In the preview it is one at a time: by the process that drew the one before.
    answers = draw_many(jobs) if len(jobs) > 1 else [_draw_now(*job) for job in jobs]
    for key, answer in zip(missing, answers, strict=True):
        if "error" in answer:
            at = f" (at {settings[key]})" if settings[key] else ""
            errors.append(answer["error"] + at)
        else:
            _store(key, answer)
    _prune()
    if errors:
        raise FigureError("\n".join(errors))
    return len(missing)


def _fingerprint() -> bytes:
    """What every drawing depends on besides its own block and the package."""
    digest = hashlib.sha256(_versions())
    for source in SOURCES:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(source)}\n".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


@cache
def _versions() -> bytes:
    names = ("matplotlib", "numpy", "pillow", "font-source-sans-pro")
    found = [f"{name} {version(name)}" for name in names]
    return "\n".join([platform.python_version(), *found]).encode()


def _key(block: pages.Block, fingerprint: bytes) -> str:
    used = code.read(PACKAGE).digest(block.code)
    text = "\n".join([*_data(block), block.code])
    return hashlib.sha256(fingerprint + used + text.encode()).hexdigest()[:32]


def _data(block: pages.Block) -> tuple[str, ...]:
    """The variables of a block that a script asks for."""
    script = sliders.script(block) if block.controls else None
    return script.variables if script else ()


def _load(key: str) -> str | None:
    path = CACHE / f"{key}.svg"
    try:
        drawing = path.read_text(encoding="utf-8")
        os.utime(path)  # in use: see _prune
    except FileNotFoundError:
        return None
    return drawing


def _store(key: str, answer: Answer) -> str:
    """Keep what a block drew, all or nothing: another build may be reading."""
    if "error" in answer:
        raise FigureError(answer["error"])
    drawing = "".join(
        figure.replace(PREFIX, f"{PREFIX}{k}-")
        for k, figure in enumerate(answer["figures"])
    )
    CACHE.mkdir(parents=True, exist_ok=True)
    kept = {"svg": drawing}
    if answer["pictures"]:
        kept["png.json"] = json.dumps(answer["pictures"])
    for kind, content in kept.items():
        new = CACHE / f"{key}.{os.getpid()}"
        new.write_text(content, encoding="utf-8")
        new.replace(CACHE / f"{key}.{kind}")
    return drawing


def _prune() -> None:
    """Remove what no build has asked for lately."""
    oldest = time.time() - KEEP_DAYS * 24 * 3600
    for path in CACHE.glob("*"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


_warm: tuple[bytes, code.Code, Worker] | None = None


def _draw_now(page: str, block: pages.Block, pictures: bool) -> Answer:
    """Draw one block, in a worker that is kept for the next as long as it is fresh."""
    global _warm
    now = _fingerprint(), code.read(PACKAGE)
    if _warm is None or _warm[:2] != now:
        _cool()
        _warm = (*now, Worker())
    return _warm[2].draw(page, block, pictures)


@atexit.register
def _cool() -> None:
    global _warm
    if _warm is not None:
        _warm[2].close()
    _warm = None


def _located(block: pages.Block) -> tuple[str, pages.Block]:
    """The page of a block and the block there, for messages.

    Python-Markdown tells neither, and MkDocs cuts off the front matter, so that lines
    are not those of the file.
    """
    for path in pages.markdown_pages():
        text = path.read_text(encoding="utf-8")
        for found in (
            pages.blocks(text, blocks.page_name(path)) if "plt.show()" in text else ()
        ):
            if (found.code, found.caption) == (block.code, block.caption):
                return blocks.page_name(path), found
    return "page", block
