"""Inline code names what exists, and a misspelt name is noticed."""

from __future__ import annotations

import pytest

import nnref
from doctools import markdown, names, pages
from doctools.names import PageNames, known

PAGE = """\
# Page

## First

Softmax turns scores $z$ into `probabilities`; see `softmax(x, axis=axis)`.

```python
import numpy as np
from nnref import Sequential, fit, softmax

probabilities = softmax(np.array([1.0, 2.0]))
print("share", probabilities.sum())
```

<!--pytest-codeblocks:expected-output-->

```text
share 1.0
```

{text}

## Second

Nothing is here.
"""


def kind(text, page=PAGE):
    """What is found for the inline code of a text in the first section."""
    source = PageNames(page.format(text=text), "page.md")
    found = [name for name in source.names() if name.place != "page.md:5"]
    return found[0].fault or found[0].kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`softmax`", "nnref"),
        ("`nnref.losses`", "nnref"),
        ("`History.best_epoch`", "nnref"),
        ("`_backward`", "nnref"),
        ("`nnref/losses.py`", "path"),
        ("`np.allclose`", "NumPy"),
        ("`time.perf_counter`", "Python"),
        ("`plt.show()`", "call"),
        ("`probabilities`", "variable"),
        ("`probabilities.sum()`", "call"),
        ("`patience=`", "keyword"),
        ("`fit(patience=)`", "call"),
        ("`SGD(lr, momentum=0.9)`", "call"),
        ("`share`", "output"),
        ("`probabilities * (probabilities > 0)`", "expression"),
        ("`make test`", "command"),
        ("`f_backward(dy, x, ...)`", "call"),
        ('`print("share")`', "call"),
        ('`np.load("my.npy")`', "call"),
        ("`=`", "sign"),
    ],
)
def test_what_resolves(text, expected):
    assert kind(text) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("`softmaxx`", "nearest: softmax"),
        ("`nnref.loses`", "nnref has no loses; nearest: losses"),
        ("`nnref/loses.py`", "no such file; nearest: nnref/losses.py"),
        ("`np.alclose`", "np has no alclose; nearest: allclose"),
        ("`History.best_epok`", "has no best_epok; nearest: best_epoch"),
        ("`_bakward`", "no public names of nnref end in this"),
        ("`fit(patiense=)`", "fit has no parameter patiense; nearest: patience"),
        ("`patiense=`", "has a parameter patiense; nearest: patience"),
        ("`dense(w, x)`", "another order of arguments: dense(x"),
        ("`softmax(x, axis, 3)`", "softmax takes at most 1 by position: x"),
        ("`np.sum(x, axes=0)`", "np.sum has no parameter axes; nearest: axis"),
        ("`model.zero_grad()`", "model has no zero_grad"),
        ("`nn.ReLU`", "has a name nn"),
        ("`q`", "neither a block nor a formula of this section has q"),
        ("`probabilities.summ()`", "probabilities has no summ; nearest: sum"),
        ("`make tests`", "the Makefile has no target tests; nearest: test"),
        ("`f_backward(x, dy)`", "a gradient takes first dy"),
        ("`from nnref import sofmax`", "nnref has no sofmax; nearest: softmax"),
        ("`probabilities +`", "neither Python nor a path"),
        ("`7`", "names nothing"),
        ('`print("shape")`', "no block has the string 'shape'"),
    ],
)
def test_what_does_not_resolve_says_what_is_near(text, fault):
    assert fault in kind(text)


def test_a_letter_must_be_known_in_its_section():
    assert kind("`x`", PAGE.replace("probabilities = softmax", "x = softmax")) == (
        "variable"
    )
    page = PAGE + "\nHere is `k`.\n"
    source = PageNames(page.format(text="```python\nk = 1\nassert k\n```"), "page.md")
    assert "has k" in source.names()[-1].fault


def test_a_printed_word_is_known_beside_its_output_unless_it_is_a_name_of_code():
    assert kind("`share`") == "output"
    assert "has a name share" in kind("```python\nk = 1\nassert k\n```\n\n`share`")
    for old in ("soft_max", "SoftMax", "softmax2"):
        assert "has a name" in kind(f"`{old}`", PAGE.replace("share", old))


def test_any_instance_of_a_class_has_what_the_class_or_one_below_it_has():
    assert kind("`optimizer.lr`") == "variable"
    assert "optimizer has no rate" in kind("`optimizer.rate`")
    assert "has a name residual" in kind("`residual(x)`")


def test_an_exercise_knows_its_own_letters_and_those_of_the_section_it_links_to():
    exercises = """\
# Page

## Sums { #sums }

```python
n = 1
assert n
```

## Exercises

**1. Count.** How many?

```python
k = 1
assert k
```

**2. Predict.** What is `k` here, and `n`LINK?
"""
    source = PageNames(exercises.replace("LINK", ""), "page.md")
    assert [bool(name.fault) for name in source.names()] == [True, True]
    source = PageNames(exercises.replace("LINK", " [there](#sums)"), "page.md")
    assert [bool(name.fault) for name in source.names()] == [True, False]


def test_a_mark_says_what_is_not_to_be_found_here():
    mark = "<!-- names: `model.zero_grad()`, because it is PyTorch's -->\n"
    assert kind(mark + "There is no `model.zero_grad()` here.") == "marked"
    assert "mark" not in kind(mark + "\n`model.zero_grad()` stands one paragraph down.")
    assert "it does not stand below" in kind(mark + "No code.")
    assert "marked as unknown here, but it is known" in kind(
        "<!-- names: `softmax`, because so -->\n`softmax`"
    )
    assert "because REASON" in kind("<!-- names: `softmax` -->\nNo code.")


def test_a_mark_does_not_reach_the_built_page():
    from markdown import markdown as convert

    html = convert(
        "<!-- names: `nn.ReLU`, because it is PyTorch's -->\nA `nn.ReLU`.",
        extensions=[markdown.NnrefExtension()],
    )
    assert "PyTorch" not in html
    assert "<code>nn.ReLU</code>" in html


def test_captions_are_read():
    page = "# P\n\n<!-- figure: What `softmaxx` gives. -->\n```python\nx\n```\n"
    (found,) = PageNames(page, "page.md").names()
    assert found.place == "page.md:3"
    assert "nearest: softmax" in found.fault


@pytest.mark.parametrize("name", names.ROOT_PAGES)
def test_pages_outside_of_the_site(name):
    assert names.faults(pages.ROOT / name) == []


@pytest.mark.parametrize("path", names.package_files(), ids=lambda path: path.stem)
def test_docstrings(path):
    assert names.faults(path) == []


def test_docstrings_are_found_with_their_lines():
    path = pages.ROOT / "nnref" / "training.py"
    found = names.names(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    for name in found:
        line = lines[int(name.place.rpartition(":")[2]) - 1]
        assert f"`{name.text}" in line or "`" in line


@pytest.mark.parametrize("name", ["conv2d", "SGD", "avg_pool2d", "dropout"])
def test_after_a_rename_no_page_keeps_the_old_name(name, monkeypatch):
    monkeypatch.setattr(nnref, "__all__", [n for n in nnref.__all__ if n != name])
    module = __import__("importlib").import_module(getattr(nnref, name).__module__)
    monkeypatch.delattr(module, name)
    monkeypatch.delattr(nnref, name)
    caches = [known.read_code, known._parameter_names]
    for cache in caches:
        cache.cache_clear()
    try:
        kept = [
            each
            for path in pages.markdown_pages()
            if f"`{name}" in path.read_text(encoding="utf-8")
            for each in names.names(path)
            if each.text.partition("(")[0] == name
        ]
    finally:
        for cache in caches:
            cache.cache_clear()
    assert kept
    assert [(each.place, each.kind) for each in kept if not each.fault] == []


def test_misspelt_names_are_noticed():
    files = [*names.all_pages(), *names.package_files()]
    tried = names.mutants(files, 150, seed=3)
    assert sum(mutant.noticed for mutant in tried) >= 0.92 * len(tried)


def test_the_share_counts_every_piece():
    share = names.share([pages.ROOT / "README.md"])
    assert share.spans == sum(share.kinds.values()) > 15
    assert share.marked == 0
    assert share.kinds["command"] > 10
