"""What MkDocs calls: before a build, and in the preview (`make serve`).

The preview makes a page again when something that it shows has changed, and no other
(MkDocs' `--dirty`, which by itself looks at the page's own file alone). While an error
stands, the browser shows it.
"""

from __future__ import annotations

import hashlib
import html
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from mkdocs.exceptions import Abort
from mkdocs.plugins import CombinedEvent, event_priority

from doctools import (
    checks,
    figures,
    fonts,
    kept,
    notebooks,
    pages,
    search,
    shares,
    wasm,
)
from doctools.blocks import directives
from doctools.translations import catalogue, edition, language, site
from doctools.translations.language import say
from eqcheck.outside import code

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.livereload import LiveReloadServer
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

# What all pages are made with; the rest of doctools is read when the preview starts.
SHARED = ("mkdocs.yml", "doctools/theme", "doctools/docstring_symbols.toml")
# Set by who has made already what pages ask for.
PREPARED = "NNREF_PREPARED"
log = logging.getLogger("mkdocs.nnref")
# What a slider shows but for its first drawing: fetched when a reader reaches for it.
_FRAMES = re.compile(r"<template>(.*?)</template>(?=</figure>)", re.DOTALL)
# What MkDocs says of a link that leads nowhere, in which file but not where.
_DEAD = re.compile(r"Doc file '(?P<page>[^']+)' contains an? .*?'(?P<url>[^']+)'")
_dirty = False
_whole: dict[str, str] = {}  # what pages hold while the search reads less
_made: dict[str, bytes] = {}  # what each page was made from
_changed: set[str] = set()  # which pages this build makes


def on_startup(*, command: str, dirty: bool) -> None:
    """Remember whether pages are kept from one build to the next."""
    global _dirty
    _dirty = dirty
    _made.clear()
    logging.getLogger("mkdocs.structure.pages").addFilter(locate_link)


def locate_link(record: logging.LogRecord) -> bool:
    """Let a warning about a link begin with the lines in which it stands."""
    said = record.getMessage()
    found = _DEAD.match(said)
    path = pages.DOCS / found["page"] if found else None
    if found and path and path.is_file():
        link = re.compile(rf"[(<\s]{re.escape(found['url'])}[)>\s]")
        text = path.read_text(encoding="utf-8")
        lines = [str(text.count("\n", 0, m.start()) + 1) for m in link.finditer(text)]
        if lines:  # else it stands in a docstring
            name = path.relative_to(pages.ROOT).as_posix()
            record.msg, record.args = f"{name}:{', '.join(lines)}: {said}", ()
    return True


def on_config(config: MkDocsConfig, **_: Any) -> MkDocsConfig:
    """Build the edition that is asked for."""
    site.configure(config)
    return config


def on_nav(nav: Navigation, **_: Any) -> Navigation:
    """Name the parts of the site in the language of this build."""
    site.name_sections(nav)
    return nav


def on_pre_build(**_: Any) -> None:
    """Make what pages ask for."""
    if not os.environ.get(PREPARED):
        prepare()


def prepare() -> None:
    """Make what pages ask for: on all processors, and with the package as it is now."""
    start = time.perf_counter()
    paths = pages.markdown_pages()
    fonts.make()
    if not wasm.make():
        log.info("no Run buttons: `make assets` fetches what they need")
    checked = checks.check_all(paths)  # first: what is wrong is said sooner
    drawn = figures.draw_all(paths)
    if not _dirty or not _made:
        shares.rows()
        notebooks.make_wheel()
        notebooks.make()
    if drawn or checked:
        seconds = time.perf_counter() - start
        log.info(f"{drawn} figures drawn, {checked} pages checked in {seconds:.1f} s")


def on_files(files: Files, **_: Any) -> Files:
    """Let MkDocs make those pages again of which something has changed."""
    if not _dirty:
        return files
    _changed.clear()
    for file in files.documentation_pages():
        source, target = Path(file.abs_src_path or ""), Path(file.abs_dest_path)
        now = rests_on(source)
        same = _made.get(file.src_uri) == now
        if not same:
            _changed.add(file.src_uri)
            _made[file.src_uri] = now
        if target.exists():
            when = source.stat().st_mtime + (1 if same else -1)
            os.utime(target, (when, when))
    return files


def on_page_content(html: str, *, page: Page, **_: Any) -> str:
    """Mark what is English in a translation; leave out what few readers need."""
    html = site.marked(html, page.file.src_uri)
    page.edit_url = site.edit_address(page.edit_url, page.file.src_uri)
    if page.file.src_uri in edition.ENGLISH:  # its name stands in the navigation
        page.title = say(page.title or "")
    drawings = _FRAMES.findall(html)
    if not drawings:
        return html
    # A classic script, because that can be read from a folder, too.
    script = f"nnFrames({json.dumps(drawings)});\n"
    place = Path(page.file.abs_dest_path).with_name("frames.js")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(script, encoding="utf-8")
    version = hashlib.sha256(script.encode()).hexdigest()[:8]
    mark = f'class="nn-figure nn-explore" data-frames="frames.js?{version}"'
    html = html.replace('class="nn-figure nn-explore"', mark)
    return _FRAMES.sub("", html)


@event_priority(100)
def _before_search(context: Any, /, *, page: Page, **_: Any) -> Any:
    """Let the search read a lean page: its parser takes longer than Markdown does."""
    _whole[page.url] = page.content or ""
    page.content = search.lean(_whole[page.url])
    return context


@event_priority(-100)
def _after_search(context: Any, /, *, page: Page, **_: Any) -> Any:
    page.content = _whole.pop(page.url)
    return context


on_page_context = CombinedEvent(_before_search, _after_search)


def on_post_page(output: str, *, page: Page, **_: Any) -> str:
    """Lead to the same page in the other language."""
    return site.with_switch(output, page.url)


def on_post_build(*, config: MkDocsConfig, **_: Any) -> None:
    """Write what scripts say in the language of this build."""
    site.write_words(Path(config.site_dir))


def on_build_error(*, error: Exception, **_: Any) -> None:
    """Forget what was to be made; what is wrong with a page needs no traceback."""
    for name in _changed:
        _made.pop(name, None)
    if isinstance(error, pages.PageError):
        raise Abort(str(error))


def rests_on(path: Path) -> bytes:
    """A hash of what a page shows."""
    text = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode())
    digest.update(kept.digest(_shared()).encode())
    digest.update(code.read(figures.PACKAGE).digest(text))
    if language.is_translated():
        digest.update(site.digest())
        own = catalogue.place(edition.name_of(path))
        digest.update(own.read_bytes() if own.exists() else b"")
    listed = re.findall(r"<!-- source: (\w+) -->", text)
    listed += [_module(name) for _, name in directives(text, path.name)]
    if listed:
        # With docstrings, which are on the page.
        digest.update("\n".join(listed).encode())
        whole = code.read(figures.PACKAGE, docs=True)
        digest.update(whole.digest("\n".join(listed)))
    return digest.digest()


def _module(name: str) -> str:
    """The source of a module, or of the one that a name is in."""
    path = pages.ROOT.joinpath(*name.split("."))
    while path != pages.ROOT:
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file.read_text(encoding="utf-8")
        path = path.parent
    return ""


def _shared() -> list[Path]:
    places = [pages.ROOT / name for name in SHARED]
    return [
        path
        for place in places
        for path in (place.rglob("*") if place.is_dir() else [place])
        if path.is_file()
    ]


def on_serve(
    server: LiveReloadServer, *, builder: Callable[[], None], **_: Any
) -> LiveReloadServer:
    """Show in the browser what went wrong, for as long as it does."""
    preview = Preview(builder, server.serve_request)
    server.builder = preview.build
    server.set_app(preview.answer)
    return server


class Preview(logging.Handler):
    """Builds, and answers with the error while there is one."""

    def __init__(self, builder: Callable[[], None], site: WSGIApplication) -> None:
        super().__init__(logging.WARNING)
        self.builder = builder
        self.site = site
        self.faults: list[str] = []
        self._said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note a warning: it would stop the build of the site."""
        of_server = record.name == "mkdocs.livereload"  # what it answers
        if not of_server and "'dirty' build" not in record.getMessage():
            self._said.append(record.getMessage())

    def build(self) -> None:
        """Build; the server goes on whatever happens."""
        self._said = []
        logger = logging.getLogger("mkdocs")
        logger.addHandler(self)
        try:
            self.builder()
        except KeyboardInterrupt:
            raise
        except (Exception, SystemExit) as error:
            if not any(str(error) in said for said in self._said):
                log.error(str(error))
                self._said.append(str(error))
        finally:
            logger.removeHandler(self)
        self.faults = self._said

    def answer(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request: with the site, or with what is wrong with it."""
        path = environ["PATH_INFO"]
        if not self.faults or not path.endswith(("/", ".html")):
            return self.site(environ, start_response)
        start_response("500 Error", [("Content-Type", "text/html; charset=utf-8")])
        said = "\n\n".join(dict.fromkeys(self.faults))
        return [
            # Until it is mended, when the page itself comes back.
            b'<!doctype html><meta http-equiv="refresh" content="1">'
            b"<title>Error</title><h1>This page cannot be shown</h1><pre>",
            html.escape(said).encode(),
            b"</pre>",
        ]
