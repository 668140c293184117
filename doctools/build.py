"""Builds or serves the site: fonts, figures in parallel, MkDocs.

What is built is completed: the search index, what each page says of itself, an archive.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from doctools import figures, fonts, metadata, notebooks, offline, pages, search


def main() -> int:
    """Run `build` (the default) or `serve`, passing further arguments to MkDocs."""
    parser = argparse.ArgumentParser(
        prog="python -m doctools.build", description=__doc__
    )
    parser.add_argument(
        "command", nargs="?", default="build", choices=["build", "serve"]
    )
    parser.add_argument("-d", "--site-dir", type=Path, default=Path("site"))
    arguments, rest = parser.parse_known_args()
    start = time.perf_counter()
    os.chdir(pages.ROOT)
    fonts.make()
    try:
        drawn = figures.draw_all(pages.markdown_pages())
    except pages.PageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{drawn} figures drawn in {time.perf_counter() - start:.1f} s", flush=True)
    notebooks.make_wheel()
    notebooks.make()
    # Material's notice about MkDocs' future is no concern of a reader's build.
    env = {"NO_MKDOCS_2_WARNING": "1", **os.environ}
    command = [sys.executable, "-m", "mkdocs", arguments.command, *rest]
    if arguments.command == "build":
        command += ["--strict", "--site-dir", str(arguments.site_dir)]
    try:
        code = subprocess.call(command, env=env)
    except KeyboardInterrupt:
        return 0
    if arguments.command == "build" and not code:
        search.complete(arguments.site_dir)
        metadata.complete(arguments.site_dir)
        offline.pack(arguments.site_dir)
    print(f"{arguments.command}: {time.perf_counter() - start:.1f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
