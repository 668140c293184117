"""Sites that tests share: made once for all workers, served on this machine."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

    import pytest


def once(
    name: str,
    make: Callable[[Path], subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder that one worker makes for all."""
    together = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        together = together.parent
    target, log = together / name, together / f"{name}.log"
    try:
        (together / f"{name}-is-made").mkdir()
    except FileExistsError:  # by another worker
        while not log.exists():
            time.sleep(0.2)
        assert not log.read_text(encoding="utf-8")
        return target
    done = make(target)
    said = done.stdout[-4000:] + done.stderr[-4000:] if done.returncode else ""
    part = log.with_suffix(".part")
    part.write_text(said, encoding="utf-8")
    part.replace(log)
    assert not said, said
    return target


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder from a free port of this machine."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
