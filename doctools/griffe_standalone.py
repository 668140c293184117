"""The Griffe extension that shapes a reference entry of nnref.

It appends `<!-- source: NAME -->` to the docstring of every public function and class:
mkdocstrings converts docstrings with the page's own Markdown extensions, so that
`doctools.markdown` turns the comment into a listing to copy and run. And it moves what
a docstring says of a parameter's shape from the type, where mkdocstrings sets it as
code, to the description: "array of shape (n, d)" is prose.
"""

from __future__ import annotations

from typing import Any

from griffe import Class, DocstringSectionText, Extension, Function

from doctools.standalone import public_names


def _said(item: Any) -> str:
    """Type and description in one."""
    # Griffe reads "array (n, d)" as a call.
    shape = str(item.annotation or "").replace("array(", "array (")
    return ". ".join(filter(None, (shape, item.description)))


class Standalone(Extension):
    """Changes the docstrings once the package has been loaded."""

    def on_function(self, *, func: Function, **kwargs: Any) -> None:
        """Shape the entry of a function."""
        self._shape(func)

    def on_class(self, *, cls: Class, **kwargs: Any) -> None:
        """Shape the entry of a class."""
        self._shape(cls)

    @staticmethod
    def _shape(found: Function | Class) -> None:
        parent, docstring = found.parent, found.docstring
        if docstring is None or parent is None or not found.path.startswith("nnref."):
            return
        for i, section in enumerate(docstring.parsed):
            if section.kind.value in ("parameters", "attributes"):
                for item in section.value:
                    item.description = _said(item)
                    item.annotation = None
            elif section.kind.value == "returns" and not any(
                item.name for item in section.value
            ):
                # mkdocstrings would set a dash where the name is missing.
                listed = "\n".join(f"- {_said(item)}" for item in section.value)
                text = f'<span class="doc-section-title">Returns:</span>\n\n{listed}'
                docstring.parsed[i] = DocstringSectionText(text)
        if parent.is_module and found.name in public_names():
            comment = DocstringSectionText(f"<!-- source: {found.name} -->")
            docstring.parsed.append(comment)
