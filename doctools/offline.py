"""Packs a built site into one archive that can be read from a folder.

Without a server the address of a folder shows what is in it, and not its `index.html`;
so links to folders lead to that file. A browser lets no page read other files, so there
is no search then; the theme asks for its index all the same, as a script.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any, Final

NAME: Final = "nnref-site.zip"
_RUNS = re.compile(r'(?<=class=")([^"]*?)\bnn-runs\b ?')
_LINK = re.compile(r'(<a\b[^>]*?\bhref=")(?![a-z]+:|/)([^"#?]*)')


def pack(site: Path) -> Path:
    """Write the archive of the site in this folder into it."""
    archive = site / NAME
    index: dict[str, Any] = {"config": {"lang": ["en"], "separator": " "}, "docs": []}
    archive.unlink(missing_ok=True)
    files = sorted(path for path in site.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            name = path.relative_to(site).as_posix()
            if name.startswith("_py/"):
                continue  # from a folder a browser runs no Python
            if name in ("404.html", "sitemap.xml", "sitemap.xml.gz"):
                continue  # for servers
            content = path.read_bytes()
            if path.suffix == ".html":
                content = _from_folder(content.decode(), path.parent).encode()
            # A date of its own would make each archive of the same site another file.
            entry = zipfile.ZipInfo(f"nnref-site/{name}")
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED)
        nothing = f"var __index = {json.dumps(index)};"
        for found in sorted(site.rglob("search_index.json")):
            name = found.relative_to(site).with_suffix(".js").as_posix()
            entry = zipfile.ZipInfo(f"nnref-site/{name}")
            packed.writestr(entry, nothing, zipfile.ZIP_DEFLATED)
    return archive


def _from_folder(page: str, folder: Path) -> str:
    def linked(match: re.Match[str]) -> str:
        before, target = match.groups()
        if target and (folder / target).is_dir():
            target = target.rstrip("/") + "/index.html"
        return before + target

    # Python is not packed, so there is nothing to run.
    return _RUNS.sub(r"\1", _LINK.sub(linked, page))
