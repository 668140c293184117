r"""How a LaTeX symbol is spelled inside the checker, and as a Python identifier.

`n_{\text{in}}`, `n_{\mathrm{in}}` and `n_{in}` are one symbol, spelled `n_{in}`;
`\mathbf{x}` and `x` are two. In the Python of a comment they are `n_in` and `x`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

_FONT = re.compile(
    r"\\(?:mathrm|operatorname\*?|mathit|mathtt|text|textrm|textit|textbf|mbox)"
    r"\s*(?:\{\s*(.*?)\s*\}|([A-Za-z]))",
    re.DOTALL,
)
_MATH_FONT = re.compile(
    r"\\(mathbf|boldsymbol|bm|mathcal|mathbb|mathsf|mathfrak|mathrm)"
    r"\s*(?:\{\s*([^{}]*?)\s*\}|([A-Za-z0-9]|\\[A-Za-z]+))"
)
_ACCENT = re.compile(
    r"\\(hat|widehat|bar|overline|tilde|widetilde|dot|ddot|vec|check|breve)\{"
)


def word(token: str) -> str:
    r"""The name that `\mathrm{...}` or `\operatorname{...}` spells."""
    match = _FONT.fullmatch(token)
    assert match is not None
    text = match[1] or match[2] or ""
    text, bold = re.subn(r"\\bf\b|\\(math|text)bf\b", "", text)
    text = re.sub(r"\\[,;:! ]|\s+|[{}]|\\(rm|it)\b", "", text)
    if len(text) == 1 and (bold or token.startswith(r"\textbf")):
        return rf"\mathbf{{{text}}}"
    # One upright letter is not the italic one: `\mathrm{d}` is an operator.
    return rf"\mathrm{{{text}}}" if len(text) == 1 else text


def symbol(token: str) -> str:
    """A single symbol, with spaces inside its font command removed."""
    match = _MATH_FONT.fullmatch(token)
    if not match:
        return token
    font = {"bm": "boldsymbol"}.get(match[1], match[1])
    return rf"\{font}{{{match[2] or match[3]}}}"


def family_member(name: str, layer: int | str) -> str:
    """The key under which `W^{(1)}` is kept."""
    return f"{name}^({layer})"


@lru_cache(maxsize=10_000)
def identifier(name: str) -> str:
    r"""The Python name of a symbol: `\hat{y}` is `y_hat`, `W^{(1)}` is `W_1`.

    Fonts are dropped, accents come behind, sub- and superscripts after an underscore,
    and a name that Python reserves ends in an underscore (`lambda_`).
    """
    text = name
    while match := _ACCENT.search(text):
        close = _closing(text, match.end())
        accent = match[1].removeprefix("wide").replace("overline", "bar")
        inner = text[match.end() : close]
        text = f"{text[: match.start()]}{inner}_{accent}{text[close + 1 :]}"
    text = _MATH_FONT.sub(lambda match: match[2] or match[3], text)
    text = text.replace("*", "star").replace("+", "plus").replace("'", "_prime")
    text = re.sub(r"-", "minus", text)
    text = re.sub(r"[\\{}\s]", "", text)
    text = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")
    if not text or text[0].isdigit():
        text = f"_{text}"
    return f"{text}_" if keyword.iskeyword(text) else text


def _closing(text: str, start: int) -> int:
    depth = 1
    for k in range(start, len(text)):
        depth += (text[k] == "{") - (text[k] == "}")
        if depth == 0:
            return k
    return len(text) - 1


# What these stand for unless the author gives them another meaning; see evaluate.py.
CONSTANTS = frozenset({"e", r"\mathrm{e}", r"\pi", r"\mathbf{1}"})


@dataclass
class Names:
    """What is known about the symbols before anything is evaluated."""

    values: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    compounds: set[str] = field(default_factory=set)
    entries: dict[str, str] = field(default_factory=dict)  # `x` of `x_i`: the bold one

    def array_of(self, name: str) -> str:
        r"""The array whose entries are written with this letter.

        With `\mathbf{x}` known and `x` not, `x_i` is an entry of `\mathbf{x}`.
        """
        if name in self.entries or self.knows(name):
            return self.entries.get(name, name)
        bold = [rf"\{font}{{{name}}}" for font in ("mathbf", "boldsymbol")]
        known = [each for each in bold if each in self.values]
        return known[0] if len(known) == 1 and len(name) == 1 else name

    def knows(self, name: str) -> bool:
        """Whether the symbol has a meaning."""
        return name in self.values or name in self.functions

    def add(self, name: str, *, function: bool = False) -> None:
        """Remember a symbol."""
        (self.functions if function else self.values).add(name)

    @contextmanager
    def local(self) -> Iterator[None]:
        """What becomes known inside is forgotten at the end."""
        before = set(self.values), set(self.functions), set(self.compounds)
        entries = dict(self.entries)
        try:
            yield
        finally:
            self.values, self.functions, self.compounds = before
            self.entries = entries

    def forget(self, name: str) -> None:
        """Drop a symbol."""
        self.values.discard(name)
        self.functions.discard(name)
