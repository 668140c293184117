"""What the build counted, as Markdown for the page that says how it is checked."""

from __future__ import annotations

import re

import eqcheck
from doctools import blocks, census, configuration, listings, pages, shares
from doctools.names import known
from doctools.translations import edition, language
from doctools.translations.language import say

# `p_i + y_i` should be a minus. The page shows what the checker says to it.
WRONG = r"""<!-- equation
z = rng.normal(size=4)
y = np.eye(4)[2]
p = nnref.softmax(z)
L = nnref.softmax_cross_entropy(z[None], y[None])
-->
$$
\frac{\partial L}{\partial z_i} = p_i + y_i
$$
"""


def markdown(what: str) -> str:
    """The Markdown for a directive `<!-- counts: WHAT -->`."""
    made = {
        "": counts,
        "equations": checked_equations,
        "wrong": wrong,
        "shares": shares.table,
        "drifts": shares.drifts,
        "listings": listings.counts,
    }
    return made[what]()


def results() -> dict[str, list[eqcheck.Result]]:
    """What became of the displayed equations of each page that has any."""
    cache = pages.ROOT / eqcheck.CACHE
    return {
        blocks.page_name(path): found
        for path in pages.markdown_pages()
        if (found := eqcheck.check_page(path, cache=cache))
    }


def counts() -> str:
    """A table with what each page shows and what of it is held to the code."""
    rows = census.counts()
    found = results()
    cells = {}
    for page, row in rows.items():
        of_page = [r for r in found.get(page, []) if not r.inline]
        fine = [r for r in of_page if r.status != eqcheck.NOT_CHECKED]
        cells[page] = (row.blocks, row.outputs, row.figures, len(of_page), len(fine))
    lines = [say("| page | blocks | outputs | figures | equations | checked |")]
    lines.append("|---|--:|--:|--:|--:|--:|")
    read = str(configuration.read()["nav"])  # in the order in which readers meet them
    for page in sorted(cells, key=lambda page: read.find(page.removeprefix("docs/"))):
        if any(numbers := cells[page]):
            name = page.removeprefix("docs/")
            label = _title(page)
            lines.append(f"| [{label}]({name}) | {' | '.join(map(str, numbers))} |")
    total = [sum(column) for column in zip(*cells.values(), strict=True)]
    lines.append(f"| **{say('all')}** | {' | '.join(f'**{n}**' for n in total)} |")
    return "\n".join(lines) + "\n"


def _title(page: str) -> str:
    """What a page is called: its first heading, but for home."""
    text = (pages.ROOT / page).read_text(encoding="utf-8")
    heading = re.search(r"^# (.*?)(?: \{.*)?$", text, re.MULTILINE)
    if page == "docs/index.md" or not heading:
        return say("Home")
    known = edition.translator(page.removeprefix("docs/"))
    return known(heading[1]) or say(heading[1])


def checked_equations() -> str:
    """How well the equations are checked: changed forms, exceptions, unbound names."""
    found = [(page, result) for page, all_ in results().items() for result in all_]
    tried = sum(result.mutants for _, result in found)
    caught = sum(result.caught for _, result in found)
    compared = sum(result.comparisons for _, result in found)
    lines = [
        say(
            "In this build {compared} comparisons were made. Of {tried} changed forms "
            "that are not equivalent by their form, {caught} were noticed ({share}).",
            compared=f"{compared:,}",
            tried=f"{tried:,}",
            caught=f"{caught:,}",
            share=f"{caught / max(tried, 1):.2%}",
        )
    ]
    survivors = [
        f"- [{_title(page)}]({page.removeprefix('docs/')}), {_in_english(survivor)}"
        for page, result in found
        for survivor in result.survivors
    ]
    if survivors:
        lines += ["", say("Not noticed:"), "", *survivors]
    exceptions = [
        "- ["
        + say("{page}, equation at line {line}", page=_title(page), line=result.line)
        + f"]({page.removeprefix('docs/')}): {_in_english(result.reason)}"
        for page, result in found
        if result.status == eqcheck.NOT_CHECKED
    ]
    if exceptions:
        lines += ["", say("Not checked:"), "", *exceptions]
    bound = {name for _, result in found for name in result.bound}
    unbound = [name for name in operations() if name not in bound]
    if unbound:
        listed = ", ".join(f"`{name}`" for name in unbound)
        words = say(
            "Operations that no equation is held against: {listed}.", listed=listed
        )
    else:
        words = say("Every operation is held against an equation, and its gradient.")
    lines += ["", words]
    return "\n".join(lines) + "\n"


def _in_english(text: str) -> str:
    """What the checker says, which is English in all editions."""
    return f'<span lang="en">{text}</span>' if language.is_translated() else text


def operations() -> list[str]:
    """The public names of all operations that have a gradient, and of the gradients."""
    names = set(known.exported())
    pairs = sorted(name for name in names if f"{name}_backward" in names)
    return [each for name in pairs for each in (name, f"{name}_backward")]


def wrong() -> str:
    """A wrong equation and what the checker says to it."""
    (result,) = eqcheck.check_text(WRONG, "wrong.md")
    if result.status != eqcheck.FAILED:
        raise AssertionError("the wrong equation passes")
    return f"````text\n{WRONG}````\n\n````text\n{result.reason}\n````\n"
