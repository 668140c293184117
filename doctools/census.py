"""Finds what a page shows and no test would hold to the code, and counts the rest.

pytest-codeblocks passes over many things without a word: a fence with a title, a
mistyped comment, a page with `skipfile`. Here each of them is a fault, with what to do.
`python -m doctools.census` prints the counts and the faults of all pages.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from pathlib import Path

from pytest_codeblocks import extract_from_file

from doctools import facts, sliders
from doctools.arguments import parser
from doctools.blocks import (
    BlockError,
    directives,
    docstring_place,
    page_name,
    shown_docstrings,
)
from doctools.pages import (
    CAPTION,
    EXPECTED_OUTPUT,
    FOLDED,
    ROOT,
    Block,
    Comment,
    Element,
    Equation,
    Fence,
    PageError,
    blocks,
    elements,
    markdown_pages,
)

# What a fence may hold. Anything else is refused, so that no spelling of Python that
# pytest-codeblocks does not know can pass for Python that was run.
LANGUAGES = {"python", "text", "sh", "toml", "yaml", "markdown", "html", "latex"}

# What a block may import: who installed nnref[figures,distributed] can run every block.
PACKAGES = {"numpy", "nnref", "matplotlib", "distributed"}

# What differs from run to run, whatever the seed.
CLOCKS = {"time", "timeit", "datetime"}

_GENERATORS = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox", "SFC64"}
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_ODD_FENCE = re.compile(r"^(?P<before>.*?)(?P<ticks>`{3,}|~{3,})")
_CONTAINER = re.compile(r"^(!!!|\?\?\?|===|[-*+] |\d+[.)] |\[\^.+?\]:|: {3})")
_FOR_PYTEST = re.compile(
    r"pytest|code[-_ ]?block|expected[-_ ]?output|skip-?(file|if)|importorskip", re.I
)
# What says more than what is drawn: a comparison, a course, a place, a number.
_CLAIM = re.compile(
    r"\b(falls?|fell|rises?|rose|grows?|grew|shrinks?|drops?|climbs?|decays?|vanish\w*|"
    r"larger|smaller|higher|lower|longer|shorter|wider|closer|more|less|fewer|better|"
    r"worse|faster|slower|later|earlier|largest|smallest|highest|lowest|best|worst|"
    r"most|least|cross\w*|meets?|reach\w*|stays?|remains?|keeps?|never|always|only|"
    r"almost|nearly|hardly|flat|steep\w*|equal|same|differs?|explodes?|diverges?|"
    r"converges?|overtak\w+|half|twice|third|quarter)\b|(?<![\w×])\d+(?:\.\d+)?(?![\w×])",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"(equation\b|inline equations\b|figure\b|fact\b|names\b|source:|counts\b|about:|"
    rf"measured: |{FOLDED}$|{re.escape(EXPECTED_OUTPUT)}$)"
)
_SYMBOLS = re.compile(r"equation\s*(\n.*)?$", re.DOTALL)
_NOT_CHECKED = re.compile(r"equation: not checked, because \w")


@dataclass(frozen=True, order=True)
class Fault:
    """Something on a page that no test would notice, and what to do about it."""

    line: int
    message: str


@dataclass(frozen=True)
class Counts:
    """What a page shows, and what holds it to the code."""

    blocks: int = 0
    outputs: int = 0
    figures: int = 0
    assertions: int = 0
    equations: int = 0
    symbols: int = 0
    not_checked: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Add up, field by field."""
        return Counts(*map(sum, zip(astuple(self), astuple(other), strict=True)))


# ----------------------------------------------------------------------- whole pages


def faults(path: Path) -> list[Fault]:
    """Everything that is wrong with a page, from top to bottom."""
    text = path.read_text(encoding="utf-8")
    found: list[Element] = []
    result: list[Fault] = []
    try:
        for element in elements(text, path.name):
            found.append(element)  # noqa: PERF402 - keep what came before an error
    except PageError as error:
        line, _, message = str(error).removeprefix(f"{path.name}:").partition(": ")
        result.append(Fault(int(line), message))
    is_broken = bool(result)
    lines = text.split("\n")
    taken = {n for element in found for n in range(element.line, element.end + 1)}
    if is_broken:
        taken |= set(range(result[0].line, len(lines) + 1))
    prose = {n: line for n, line in enumerate(lines, 1) if n not in taken}
    odd_fence = next(_odd_fences(prose), None)
    result += _prose_faults(prose)
    result += _indented_code(prose)
    for element in found:
        if isinstance(element, Fence):
            result += _fence_faults(element, lines)
        elif isinstance(element, Comment):
            result += _comment_faults(element)
    result += _order_faults(found, lines)
    if odd_fence is not None:
        # From here on, what is inside a fence and what is outside may be swapped.
        above = {fault for fault in result if fault.line < odd_fence.line}
        return [*sorted(above), odd_fence]
    if not is_broken:
        result += _same_blocks(path, text)
        for block in blocks(text):
            result += _block_faults(block)
        result += _docstring_faults(text, path)
    return sorted(set(result))


def report(path: Path) -> list[str]:
    """The faults of a page as `page:line: what is wrong and what to do`."""
    name = page_name(path)
    return [f"{name}:{fault.line}: {fault.message}" for fault in faults(path)]


def counts(pages: Iterable[Path] | None = None) -> dict[str, Counts]:
    """Count what pages show, by page; without an argument, all pages of the site."""
    chosen = markdown_pages() if pages is None else pages
    return {page_name(path): _count(path) for path in chosen}


def _count(path: Path) -> Counts:
    text = path.read_text(encoding="utf-8")
    found = blocks(text, path.name)
    stated = Counter[str]()
    for above, element in pairwise([None, *elements(text, path.name)]):
        if isinstance(element, Equation):
            stated["equations"] += 1
            if isinstance(above, Comment) and _SYMBOLS.match(above.text):
                stated["symbols"] += 1
            elif isinstance(above, Comment) and _NOT_CHECKED.match(above.text):
                stated["not_checked"] += 1
    return Counts(
        blocks=len(found),
        outputs=sum(block.output is not None for block in found),
        figures=sum(block.draws for block in found),
        assertions=sum(_asserts(block.code) for block in found),
        **stated,
    )


# ---------------------------------------------------------------- outside of fences


def _odd_fences(prose: dict[int, str]) -> Iterator[Fault]:
    """Three backticks or tildes where no fence begins or ends."""
    for number, line in prose.items():
        match = _ODD_FENCE.match(line if _FENCE.match(line) else _plain(line))
        if match is None:
            continue
        before = match["before"].strip()
        if before.startswith(">"):
            what = "a fence in a quotation is not run: take it out of the quotation"
        elif re.match(r"([-*+]|\d+[.)])", before):
            what = "a fence on a list item's own line: put it on a line of its own"
        else:
            what = (
                "neither a fence nor inline code: a fence begins its line, and inline "
            )
            what += "code with three backticks does not"
        yield Fault(number, what)


def _plain(line: str) -> str:
    """The line without what stands in backticks."""
    return _CODE_SPAN.sub("", line)


def _prose_faults(prose: dict[int, str]) -> Iterator[Fault]:
    for number, line in prose.items():
        plain = _plain(line)
        if "$$" in plain or re.match(r"\s*\\(\[|begin\{)", plain):
            yield Fault(
                number,
                "a displayed equation stands between two lines that hold only $$",
            )
        if re.search(r"<(pre|code|script|py-\w+)\b", plain, re.I):
            yield Fault(number, "code in HTML is not run: write it in a fence")
        if "--8<--" in line:
            yield Fault(number, "text from another file is not checked: write it here")
        if "<!--" in plain:
            body = plain.partition("<!--")[2]
            if _FOR_PYTEST.search(body):
                message = "a comment for pytest-codeblocks stands alone on its line"
                yield Fault(number, message)
            elif "-->" not in body:
                message = "a comment of several lines begins on a line of its own"
                yield Fault(number, message)


def _indented_code(prose: dict[int, str]) -> Iterator[Fault]:
    """Lines that Markdown makes a code block of, because of their indentation."""
    containers = [0]  # columns at which the content of what is open begins
    in_paragraph = False
    for number, line in prose.items():
        indent = len(line) - len(line.lstrip())
        text = line.strip()
        if not text or number - 1 not in prose:
            in_paragraph = False
        if not text:
            continue
        while indent < containers[-1]:
            containers.pop()
        is_code = indent >= containers[-1] + 4 and not in_paragraph
        if is_code and not text.startswith("<"):
            message = "an indented code block is not run: write a fence"
            yield Fault(number, message)
        match = _CONTAINER.match(text)
        is_list = match is not None and match[0].endswith(" ")
        if match:
            containers.append(indent + (2 if is_list else 4))
        in_paragraph = is_list or not (match or text.startswith("#"))


# -------------------------------------------------------------- fences and comments


def _fence_faults(fence: Fence, lines: list[str]) -> Iterator[Fault]:
    def fault(message: str, line: int = fence.line) -> Fault:
        return Fault(line, message)

    if fence.ticks.startswith("~"):
        yield fault("a fence of tildes is not run: write it with backticks")
    if fence.indent.strip(" "):
        yield fault("indent a fence with spaces: tabs and others are counted unequally")
    if fence.info not in LANGUAGES:
        name = fence.info.strip() or "no language"
        if re.search(r"py|numpy|>>>", fence.info, re.I):
            message = (
                f"'{fence.ticks}{fence.info}' looks like Python and is not run: "
                "write exactly ```python, or ```text if it must not run"
            )
        else:
            message = (
                f"a fence with {name!r}: write ```text, "
                f"or one of {', '.join(sorted(LANGUAGES))}"
            )
        yield fault(message)
    if lines[fence.end - 1].rstrip() != fence.indent + fence.ticks:
        message = "close a fence with the backticks and the indentation it opens with"
        yield fault(message, fence.end)
    if fence.info != "text" and any(map(_FENCE.match, fence.text.split("\n"))):
        yield fault("a fence in a fence is not run: show it in a ````text fence")
    for number in range(fence.line + 1, fence.end):
        line = lines[number - 1]
        blank = line[: len(line) - len(line.lstrip())]
        if line.strip() and not line.startswith(fence.indent):
            yield fault("indent the text of a fence as far as the fence", number)
        if fence.info == "python" and "\t" in blank:
            yield fault("a tab in the indentation of Python: write spaces", number)


def _comment_faults(comment: Comment) -> Iterator[Fault]:
    text = comment.text
    if re.search(r"`{3,}|~{3,}", text):
        message = "a block in a comment is run and no reader sees it: take it out"
        yield Fault(comment.line, message)
    if match := CAPTION.fullmatch(text):
        if not match["caption"].strip():
            yield Fault(comment.line, "an empty caption: say what the figure shows")
        elif re.search(r"\n\s*(slider|explore)\b", match["caption"]):
            message = "sliders and what to explore stand in lines below the caption"
            yield Fault(comment.line, message)
        elif match["nothing"] and (word := _CLAIM.search(match["caption"])):
            message = f"`{word[0]}` claims something: assert it in the block"
            yield Fault(comment.line, message)
    elif text.startswith("fact"):
        try:
            facts.read(text, comment.line, "")
        except PageError as error:
            line, _, message = str(error).removeprefix(":").partition(": ")
            yield Fault(int(line), message)
    elif text.startswith("equation"):
        if not (_SYMBOLS.match(text) or _NOT_CHECKED.match(text)):
            message = (
                "write `equation` and its symbols on the next lines, "
                "or `equation: not checked, because ...`"
            )
            yield Fault(comment.line, message)
    elif not _KNOWN.match(text) and not _FOR_PYTEST.search(text):
        message = f"no check reads this comment: {text.split()[0] if text else 'empty'}"
        yield Fault(comment.line, message)
    elif text == EXPECTED_OUTPUT:
        if comment.line != comment.end:
            yield Fault(comment.line, "write this comment on one line")
    elif _FOR_PYTEST.search(text):
        message = (
            f"only <!--{EXPECTED_OUTPUT}--> is allowed, spelt like this: no block is "
            "skipped, continued or expected to fail"
        )
        yield Fault(comment.line, message)


def _order_faults(found: list[Element], lines: list[str]) -> Iterator[Fault]:
    """What stands above and below each comment that belongs to something."""

    def adjacent(above: Element | None, below: Element | None) -> bool:
        if above is None or below is None:
            return False
        between = lines[above.end : below.line - 1]
        return above.indent == below.indent and not any(map(str.strip, between))

    def is_python(element: Element | None) -> bool:
        return isinstance(element, Fence) and element.info == "python"

    # A comment that folds code stands beside that of the figure.
    folds = [e for e in found if isinstance(e, Comment) and e.text == FOLDED]
    found = [element for element in found if element not in folds]
    lines = lines.copy()
    for fold in folds:
        lines[fold.line - 1] = ""
        below = next((e for e in found if e.line > fold.line), None)
        captions = isinstance(below, Comment) and CAPTION.fullmatch(below.text)
        if not (captions or is_python(below)) or not adjacent(fold, below):
            message = "this comment belongs right above the block whose code it folds"
            yield Fault(fold.line, message)

    around = zip([None, *found], found, [*found[1:], None], strict=False)
    for above, element, below in around:
        if isinstance(element, Comment) and element.text == EXPECTED_OUTPUT:
            if not is_python(above) or not adjacent(above, element):
                message = "an output belongs right below its Python block, as indented"
                yield Fault(element.line, message)
            if not isinstance(below, Fence) or not adjacent(element, below):
                message = "right below this comment belongs its ```text fence"
                yield Fault(element.line, message)
                continue
            if below.info != "text":
                yield Fault(below.line, "an output stands in a ```text fence")
            if not below.text:
                message = "an empty output: run `make outputs`, or take it away"
                yield Fault(below.line, message)
        elif isinstance(element, Comment) and CAPTION.fullmatch(element.text):
            if not is_python(below) or not adjacent(element, below):
                message = "a caption belongs right above the block that draws"
                yield Fault(element.line, message)
        elif isinstance(element, Comment) and element.text.startswith("equation"):
            if not isinstance(below, Equation) or below.line != element.end + 1:
                message = (
                    "this comment belongs on the line above its displayed equation"
                )
                yield Fault(element.line, message)
        elif isinstance(element, Equation):
            is_stated = isinstance(above, Comment) and above.text.startswith("equation")
            if not is_stated or not adjacent(above, element):
                message = (
                    "say in a comment right above what the symbols of this equation "
                    "are: <!-- equation ... -->"
                )
                yield Fault(element.line, message)


# ---------------------------------------------------------------------------- blocks


def _same_blocks(path: Path, text: str) -> Iterator[Fault]:
    """Compare our reading of the page with that of pytest-codeblocks."""

    def comparable(line: int, code: str, output: str | None) -> tuple[object, ...]:
        # pytest-codeblocks drops the blank lines of an indented block.
        drop = [row.rstrip() for row in code.split("\n") if row.strip()]
        kept = [row.rstrip() for row in (output or "").split("\n") if row.strip()]
        return line, drop, kept, output is None

    ours = {
        block.line: comparable(
            block.line, block.code, block.output.text if block.output else None
        )
        for block in blocks(text)
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of its deprecated keywords
            theirs = {
                block.lineno: comparable(
                    block.lineno, block.code, block.expected_output
                )
                for block in extract_from_file(path)
                if block.syntax == "python"
            }
    except RuntimeError as error:
        yield Fault(1, f"pytest-codeblocks cannot read the page: {error}")
        return
    for line in sorted(ours.keys() | theirs.keys()):
        if ours.get(line) != theirs.get(line):
            message = (
                "pytest-codeblocks and doctools.pages do not read the same block here: "
                "look at the fences above"
            )
            yield Fault(line, message)


def _block_faults(block: Block) -> Iterator[Fault]:
    tree = _parse(block.code)
    if tree is None:
        return

    def fault(node: ast.AST, message: str) -> Fault:
        return Fault(block.line + getattr(node, "lineno", 0), message)

    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    last = tree.body[-1] if tree.body else None
    draws = isinstance(last, ast.Expr) and ast.unparse(last) == "plt.show()"
    for call in calls:
        is_last = isinstance(last, ast.Expr) and call is last.value
        if _called(call) == "show" and not (draws and is_last):
            yield fault(call, "plt.show() may only be the last statement of a block")
    if draws != block.draws:
        message = "end the block with a line that is plt.show() and nothing else"
        yield fault(last or tree, message)
    if draws and not block.caption:
        message = "a block that draws needs <!-- figure: what is seen --> right above"
        yield Fault(block.line, message)
    if draws and block.claims and not _asserts_data(tree):
        message = (
            "the caption is not held to what is drawn: assert what it claims, or write "
            "`figure, nothing claimed: ...` if it only says what is drawn"
        )
        yield Fault(block.line, message)
    if block.caption and not draws:
        message = "a block with a caption must end in plt.show()"
        yield Fault(block.line, message)
    if block.controls:
        try:
            sliders.sliders(block)
            sliders.script(block)
        except sliders.SliderError as error:
            yield Fault(block.line, str(error))
    if not block.in_view and not draws and block.output is None:
        message = "folded, this block leaves nothing in view: print or draw"
        yield Fault(block.line, message)
    prints = [call for call in calls if _prints(call)]
    if block.output is None:
        if prints:
            yield fault(prints[0], "prints, but no output is compared: `make outputs`")
        elif not draws and not _asserts(block.code):
            message = (
                "nothing holds this block to what it should do: print a result "
                "(`make outputs` adds the output), draw, or assert at the top level"
            )
            yield Fault(block.line, message)
    for node in ast.walk(tree):
        if refused := _refused(node):
            yield fault(node, refused)
    subscripts = [n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript)]
    within = {id(child) for index in subscripts for child in ast.walk(index)}
    for node in ast.walk(tree):
        is_dots = isinstance(node, ast.Constant) and node.value is ...
        if is_dots and id(node) not in within:
            yield fault(node, "a stub: write the code, or show it in a ```text fence")


def _parse(code: str) -> ast.Module | None:
    """Parse a block, if it can be; running it reports the errors and the warnings."""
    with warnings.catch_warnings(), suppress(SyntaxError, ValueError):
        warnings.simplefilter("ignore")
        return ast.parse(code)
    return None


def _called(call: ast.Call) -> str:
    """The last part of the name that is called."""
    return ast.unparse(call.func).rpartition(".")[2]


def _prints(call: ast.Call) -> bool:
    elsewhere = any(keyword.arg == "file" for keyword in call.keywords)
    return _called(call) in ("print", "pprint") and not elsewhere


def _asserts_data(tree: ast.Module) -> bool:
    """Whether an assertion looks at something that the block made."""
    made = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return any(
        isinstance(name, ast.Name) and name.id in made
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        for name in ast.walk(node.test)
    )


def _asserts(code: str) -> bool:
    """Whether the block asserts something outside of functions and classes."""
    stack: list[ast.AST] = [tree] if (tree := _parse(code)) else []
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Assert):
            if not isinstance(node.test, ast.Constant):
                return True
        elif not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ):
            stack += ast.iter_child_nodes(node)
    return False


def _refused(node: ast.AST) -> str | None:
    """What a block may not contain, wherever it stands."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        if node.level:
            return "a relative import: the block must run in an empty file"
    for name in names:
        root = name.partition(".")[0]
        if root in CLOCKS:
            return f"imports {root}: what depends on the clock differs in each run"
        if root == "random":
            return "imports random: write np.random.default_rng(seed)"
        if root not in PACKAGES | sys.stdlib_module_names:
            return f"imports {root}: a page imports {', '.join(sorted(PACKAGES))} only"
    if isinstance(node, ast.Name) and node.id == "NotImplementedError":
        return "NotImplementedError: write the code, or show it in a ```text fence"
    if isinstance(node, ast.Attribute):
        names = [ast.unparse(node)]
    for name in names:
        module, _, attribute = name.rpartition(".")
        is_random = module in ("np.random", "numpy.random")
        if is_random and attribute not in _GENERATORS:
            return f"{name} is legacy: write np.random.default_rng(seed)"
    if isinstance(node, ast.Call) and _called(node) == "default_rng":
        seeds = [*node.args, *(keyword.value for keyword in node.keywords)]
        if not seeds or ast.unparse(seeds[0]) == "None":
            return "default_rng() without a seed differs in each run"
    return None


def _docstring_faults(text: str, path: Path) -> Iterator[Fault]:
    """Code in a docstring that the page shows and that is not an example."""
    try:
        for test in shown_docstrings(text, path.name, with_examples=False):
            if re.search(r"`{3,}|~{3,}", test.docstring or ""):
                place, line = docstring_place(test)
                where = next(directives(text, path.name))[0]
                message = f"{place}:{line}: a fence in a docstring is not run: use >>>"
                yield Fault(where, message)
    except BlockError as error:
        yield Fault(error.line, str(error).partition(": ")[2])


# ------------------------------------------------------------------------------ main


def all_pages() -> list[Path]:
    """The pages of the site and those at the root that show Python."""
    roots = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    return [*markdown_pages(), *filter(Path.exists, roots)]


def main(arguments: list[str] | None = None) -> int:
    """Print counts and faults; the result is the exit code."""
    options = parser("census", __doc__).parse_args(arguments)
    pages: list[Path] = options.pages or all_pages()
    rows: dict[str, Counts] = {}
    for page in pages:
        with suppress(PageError):  # its fault says so
            rows |= counts([page])
    head = [field.name.replace("_", " ") for field in fields(Counts)]
    width = max(map(len, [*rows, "all"]))
    print(f"{'':{width}}", *head, sep="  ")
    for name, row in [*rows.items(), ("all", sum(rows.values(), Counts()))]:
        cells = [f"{n:{len(h)}}" for n, h in zip(astuple(row), head, strict=True)]
        print(f"{name:{width}}", *cells, sep="  ")
    sys.stdout.flush()
    reports = [line for page in pages for line in report(page)]
    print(*reports, sep="\n", end="\n" if reports else "", file=sys.stderr)
    return 1 if reports else 0


if __name__ == "__main__":
    sys.exit(main())
