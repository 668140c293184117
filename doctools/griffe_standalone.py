"""The Griffe extension that gives each reference entry its source, to copy and run.

It appends `<!-- source: NAME -->` to the docstring of every public function and class
of nnref. mkdocstrings converts docstrings with the page's own Markdown extensions, so
that `doctools.markdown` turns the comment into the listing.
"""

from __future__ import annotations

from typing import Any

from griffe import Class, DocstringSectionText, Extension, Function

from doctools.standalone import nnref


class Standalone(Extension):
    """Appends the comment once the package has been loaded."""

    def on_function(self, *, func: Function, **kwargs: Any) -> None:
        """Append it to a function."""
        self._append(func)

    def on_class(self, *, cls: Class, **kwargs: Any) -> None:
        """Append it to a class."""
        self._append(cls)

    @staticmethod
    def _append(found: Function | Class) -> None:
        public = nnref().public().get(found.name)
        if public is None or found.docstring is None:
            return
        if found.path == f"{public.module.name}.{public.name}":
            comment = DocstringSectionText(f"<!-- source: {found.name} -->")
            found.docstring.parsed.append(comment)
