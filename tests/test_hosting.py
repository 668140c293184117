"""What one who hosts or installs this relies on: extras, workflow, page on hosting."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from doctools import fonts, maths, metadata, offline, pages

ROOT = pages.ROOT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
EXTRAS = PROJECT["optional-dependencies"]
WORKFLOW = ROOT / ".github" / "workflows" / "test.yml"
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
WORKFLOWS = sorted(WORKFLOW.parent.glob("*.yml"))

# ------------------------------------------------------------------------------ extras

# Installing each extra takes minutes: the workflow does. Here the imports are followed,
# from where each extra is used, and held against what the extra brings along.
USED = {
    "figures": ["doctools/figures/worker.py"],
    "site": [
        "doctools/build.py",
        "doctools/markdown.py",
        "doctools/griffe_standalone.py",
    ],
    "site,test": [
        "conftest.py",
        *(f"tests/{p.name}" for p in (ROOT / "tests").glob("*.py")),
    ],
    "site,test,browser": [
        f"tests/site/{p.name}" for p in (ROOT / "tests/site").glob("*.py")
    ],
    "site,mutation": ["doctools/mutants.py", "doctools/drift.py", "doctools/digits.py"],
}
# The build also asks the programs that pages and the Makefile name for their options.
TYPED = re.compile(r"(?:python -m |\$\(BIN\)/)(?!python)([a-z][\w.]*)")
# Left out where they are missing, with a word.
OPTIONAL = {"torch", "zensical", "pip", "uv"}
# Not for what the extra is for: to run a notebook, to look at the site, made in a test;
# to read catalogues of translations, which worker.py leaves to the site.
ASIDE = {
    "figures": {"polib"},
    "site": {"nbclient"},
    "site,mutation": {"nbclient"},
    "site,test": {"playwright", "axe_playwright_python", "loaded_before"},
}


def modules(path: Path, loaded: bool = False) -> set[str]:
    """The modules that a file imports or starts, or only those needed to load it."""
    found = set()
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    for node in tree.body if loaded else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    if loaded:
        return found
    return found | set(re.findall(r"""["']-m["'],\s*["']([\w.]+)["']""", text))


def local(module: str) -> Path | None:
    """The file of a module of this repository."""
    for folder in (ROOT, ROOT / "equation-checker", ROOT / "tests"):
        place = folder / module.replace(".", "/")
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path
    return None


def outside(start: list[str], loaded: bool = False) -> set[str]:
    """The packages from elsewhere that these files need, through all they import."""
    waiting, seen, needed = [ROOT / name for name in start], set(), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in modules(path, loaded):
            if found := local(module):
                waiting.append(found)
            elif not local(module.rpartition(".")[0] or "-"):
                needed.add(module.partition(".")[0])
    return needed - set(sys.stdlib_module_names) - OPTIONAL - {"nnref", "eqcheck"}


@lru_cache
def brings(requirement: str) -> frozenset[str]:
    """The names of all distributions that come with a requirement."""
    wanted = Requirement(requirement)
    name = canonicalize_name(wanted.name)
    found, below = {name}, []
    if name == "nnref":
        below = PROJECT["dependencies"] + [r for e in wanted.extras for r in EXTRAS[e]]
    else:
        try:
            texts = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            texts = []  # not in this environment: its own needs are not known
        for text in texts:
            marker = Requirement(text).marker
            chosen = [{"extra": extra} for extra in ("", *wanted.extras)]
            if marker is None or any(marker.evaluate(each) for each in chosen):
                below.append(text)
    for text in below:
        found |= brings(str(text).partition(";")[0])
    return frozenset(found)


@pytest.mark.parametrize("extra", USED)
def test_an_extra_brings_what_it_is_for(extra: str) -> None:
    """Without it: ModuleNotFoundError, on the first machine that has nothing else."""
    needed = outside(USED[extra])
    assert needed
    if extra.startswith("site"):
        typed = {"xdist"}  # pytest -n
        for path in [*pages.markdown_pages(), ROOT / "Makefile"]:
            typed |= set(TYPED.findall(path.read_text(encoding="utf-8")))
        here = [str(p.relative_to(ROOT)) for m in typed if (p := local(m))]
        needed |= outside([*here, "benchmarks/__main__.py"], loaded=True)
        needed |= {m.partition(".")[0] for m in typed if not local(m)} - OPTIONAL
        needed -= set(sys.stdlib_module_names)
        needed |= {package for package, *_ in fonts.FACES.values()}
        needed |= {"material", "mkdocstrings", "mkdocstrings_handlers", "jieba"}
    distributions = importlib.metadata.packages_distributions()
    brought = brings(f"nnref[{extra}]")
    missing = {
        module
        for module in needed - ASIDE.get(extra, set())
        if not {canonicalize_name(d) for d in distributions.get(module, [module])}
        & brought
    }
    assert not missing


def test_every_extra_is_used_alone_in_the_workflow() -> None:
    rows = JOBS["extras"]["strategy"]["matrix"]["include"]
    used = {e for row in rows for e in re.findall(r"[a-z]+(?=[\],])", row["install"])}
    elsewhere = {
        "torch",
        "bench",
        "dev",
    }  # `everything` has the first, `make bench` the next
    assert used == set(EXTRAS) - elsewhere


def use(extra: str, folder: Path, *, until: str | None = None) -> Path:
    """Do in a folder what the workflow does with an extra; return the folder."""
    rows = JOBS["extras"]["strategy"]["matrix"]["include"]
    (command,) = (row["use"] for row in rows if row["install"] == f".[{extra}]")
    (folder / "docs").symlink_to(ROOT / "docs")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "MPLBACKEND": "agg"}
    command = command.partition(until)[0] if until else command
    subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=True)
    return folder


def test_the_extra_for_figures_draws(tmp_path: Path) -> None:
    assert "<svg" in (use("figures", tmp_path) / "drawn.svg").read_text("utf-8")


def test_the_extra_for_clusters_starts_one(tmp_path: Path) -> None:
    """By a block of the page, which is run where the page is tested."""
    pasted = (use("distributed", tmp_path, until="&&") / "pasted.py").read_text("utf-8")
    page = (ROOT / "docs" / "concepts" / "data-parallel.md").read_text("utf-8")
    assert "with Client(" in pasted
    assert pasted.strip() in [block.code.strip() for block in pages.blocks(page)]


def test_the_extra_for_browsers_opens_one(tmp_path: Path) -> None:
    if not any(map(shutil.which, ("google-chrome", "chromium"))):
        pytest.skip("no Chromium on this machine")
    use("browser", tmp_path)


def test_every_promised_python_is_tested() -> None:
    rows = JOBS["versions"]["strategy"]["matrix"]["include"]
    promised = re.findall(
        r":: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), re.MULTILINE
    )
    assert [row["python"] for row in rows] == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"
    (oldest,) = re.findall(r"numpy>=([\d.]+)", PROJECT["dependencies"][0])
    assert rows[0]["numpy"] == f"numpy=={oldest}.*"
    assert rows[-1]["numpy"] == "numpy"


def test_the_version_is_the_same_everywhere() -> None:
    import nnref

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert nnref.__version__ == citation["version"]
    assert PROJECT["dynamic"] == ["version"]  # read from the package
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {nnref.__version__} " in changes


# ---------------------------------------------------------------------------- workflow


def steps() -> list[dict[str, Any]]:
    return [step for job in JOBS.values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_its_actions_and_may_read_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    whole = yaml.safe_load(text)
    assert whole["permissions"] == {"contents": "read"}
    used = 0
    for step in (step for job in whole["jobs"].values() for step in job["steps"]):
        if "uses" in step:
            used += 1
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"])
            assert re.search(rf"{step['uses']} # v\d+\.\d+\.\d+$", text, re.MULTILINE)
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False
    assert used >= 2


def test_an_action_s_version_is_one_everywhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS]
    used = set(re.findall(r"uses: (\S+)@(\w+ # v.*)", "\n".join(texts)))
    assert len(used) == len(dict(used)) >= 5


def test_pages_are_packed_by_pinned_actions_alone() -> None:
    """Up to version 3 that action called another by its tag."""
    text = WORKFLOW.read_text(encoding="utf-8")
    (major,) = re.findall(r"/upload-pages-artifact@\w{40} # v(\d+)\.", text)
    assert int(major) >= 4


def test_pytorch_comes_without_cuda() -> None:
    """Which is gigabytes, for a GPU that the workflow's machine has not."""
    told = JOBS["everything"]["env"]
    assert told["PIP_EXTRA_INDEX_URL"].endswith("/whl/cpu")
    assert told["UV_TORCH_BACKEND"] == "cpu"


def test_actions_and_environment_are_kept_fresh() -> None:
    text = (ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8")
    watched = {each["package-ecosystem"] for each in yaml.safe_load(text)["updates"]}
    assert watched == {"github-actions", "pip"}


def test_a_job_may_do_no_more_than_it_must() -> None:
    more = {
        name: job["permissions"] for name, job in JOBS.items() if "permissions" in job
    }
    assert more == {
        "address": {"pages": "read"},
        "publish": {"pages": "write", "id-token": "write"},
    }


def test_the_site_that_was_tested_is_published() -> None:
    """The suite runs once; what is published is what it looked at."""
    assert sum(".ci/run" in step.get("run", "") for step in steps()) == 1
    rest = steps()[
        next(i for i, s in enumerate(steps()) if ".ci/run" in s.get("run", "")) :
    ]
    suite, move, upload = rest[:3]
    root = JOBS["everything"]["env"]["PYTEST_DEBUG_TEMPROOT"]
    assert suite["run"] == f"mkdir {root} && bash .ci/run"
    conftest = (ROOT / "tests" / "site" / "conftest.py").read_text(encoding="utf-8")
    (name,) = re.findall(r'once\("([\w-]+)"', conftest)
    assert move["run"] == f"mv {root}/pytest-of-*/pytest-[0-9]*/{name} site"
    assert "upload-pages-artifact" in upload["uses"]
    assert upload["with"]["path"] == "site"
    assert {"address", "everything"} <= set(JOBS["publish"]["needs"])


def test_the_address_is_the_hosting_service_s() -> None:
    """Neither guessed from the names of owner and repository, nor left empty."""
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "github.io" not in text
    assert (
        "needs.address.outputs.base_url" in JOBS["everything"]["env"]["NNREF_SITE_URL"]
    )


# ------------------------------------------------------------------- the built site

HEAD = """<!doctype html><html><head>
<meta name="description" content="General.">
{canonical}<title>{title}</title></head><body><article>{body}</article></body></html>"""


def made(folder: Path, url: str = "") -> Path:
    """A small built site."""
    for name, title, body in [
        ("index.html", "nnref", "<p>Home.</p>"),
        ("404.html", "Page not found - nnref", "<p>No.</p>"),
        (
            "a/index.html",
            "A &amp; B - nnref",
            "<p>Needs: <a href='../b/'>B</a>, and much more than forty characters.</p>"
            f"<p><strong>Short answer.</strong> It is {formula('x')} &amp; "
            f"&quot;y&quot;, or {formula('x^2')}.</p>",
        ),
        ("b/index.html", "B - nnref", f"<p>{'Long sentence here. ' * 30}</p>"),
    ]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        here = url + name.removesuffix("index.html")
        canonical = f'<link rel="canonical" href="{here}">' if url else ""
        path.write_text(
            HEAD.format(title=title, body=body, canonical=canonical), "utf-8"
        )
    return folder


def formula(latex: str) -> str:
    return ElementTree.tostring(maths.inline(latex), encoding="unicode")


def head(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    return dict(
        re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', text)
    )


def test_a_page_says_what_it_is_about(tmp_path: Path) -> None:
    site = made(tmp_path, "https://example.org/nn/")
    metadata.complete(site)
    a, b, home = (head(site / p / "index.html") for p in ("a", "b", "."))
    assert (
        a["description"]
        == a["og:description"]
        == ("It is x &amp; &quot;y&quot;, or x².")
    )
    assert a["og:title"] == "A &amp; B"
    assert a["og:url"] == "https://example.org/nn/a/"
    assert a["og:site_name"] == home["og:title"] == "nnref"
    assert a["og:image"] == "https://example.org/nn/" + metadata.CARD
    assert (site / metadata.CARD).read_bytes().startswith(b"\x89PNG")
    assert a["twitter:card"] == "summary_large_image"
    assert 150 < len(b["description"]) <= metadata.LENGTH
    assert b["description"].endswith("here.")
    assert home["description"] == "General."
    assert (home["og:type"], b["og:type"]) == ("website", "article")


def test_without_an_address_none_is_claimed(tmp_path: Path) -> None:
    site = made(tmp_path)
    metadata.complete(site)
    said = head(site / "a" / "index.html")
    assert {"og:url", "og:image"}.isdisjoint(said)
    assert not (site / metadata.CARD).exists()


def test_front_matter_comes_first(tmp_path: Path) -> None:
    path = made(tmp_path) / "a" / "index.html"
    path.write_text(path.read_text("utf-8").replace("General.", "My own."), "utf-8")
    metadata.complete(tmp_path)
    assert head(path)["description"] == "My own."


def test_the_archive_is_the_same_each_time(tmp_path: Path) -> None:
    site = made(tmp_path)
    first = offline.pack(site).read_bytes()
    assert offline.pack(site).read_bytes() == first


# ----------------------------------------------------- what the environment configures

CONFIGURED = {
    "NNREF_FEEDBACK_URL": "https://example.org/new?title={title}&body={path}",
    "NNREF_EDIT_URI": "https://example.org/edit/{path}",
    "NNREF_SITE_URL": "https://example.org/deep/nn/",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short pages in this site's theme, built below a folder of a domain."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "docs" / "concepts").mkdir(parents=True)
    (folder / "docs" / "index.md").write_text("# Home\n\nText.\n", encoding="utf-8")
    (folder / "docs" / "concepts" / "a.md").write_text("# A & B\n\nText.\n", "utf-8")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for part in (
        "nav",
        "plugins",
        "markdown_extensions",
        "extra_css",
        "extra_javascript",
    ):
        text = re.sub(rf"^{part}:\n(?:[ \n].*\n|\n)*", "", text, flags=re.MULTILINE)
    text = text.replace("doctools/theme", str(ROOT / "doctools" / "theme"))
    text = re.sub(r"^(watch|strict):.*\n", "", text, flags=re.MULTILINE)
    (folder / "mkdocs.yml").write_text(text, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet"],
        cwd=folder,
        env={**CONFIGURED, "PATH": "", "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    return folder / "site"


def test_a_page_says_where_to_complain(small: Path) -> None:
    page = (small / "concepts" / "a" / "index.html").read_text(encoding="utf-8")
    assert 'href="https://example.org/new?title=A' in page
    assert "&body=concepts/a/" in page.replace("%2F", "/")
    assert 'href="https://example.org/edit/concepts/a.md"' in page
    assert 'rel="canonical" href="https://example.org/deep/nn/concepts/a/"' in page


def test_what_is_missing_helps_below_a_folder(small: Path) -> None:
    """A server answers with it at any depth: its links hold from everywhere."""
    page = (small / "404.html").read_text(encoding="utf-8")
    article = page.partition("<article")[2].partition("</article>")[0]
    links = re.findall(r'<a href="([^"]+)"', article)
    assert {"/deep/nn/concepts/", "/deep/nn/glossary/", "/deep/nn/"} <= {
        link.removesuffix(".") for link in links
    }
    assert "<title>Page not found - nnref</title>" in page
    assert "nn-feedback" not in article


# ---------------------------------------------------------------------------- the page

HOSTING = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")


def test_every_variable_that_is_read_is_explained() -> None:
    read = set(re.findall(r"NNREF_\w+", (ROOT / "mkdocs.yml").read_text("utf-8")))
    for path in (ROOT / "doctools").rglob("*.py"):
        read |= set(re.findall(r'= "(NNREF_\w+)"', path.read_text(encoding="utf-8")))
    assert len(read) >= 4
    explained = set(re.findall(r"^\| `(NNREF_\w+)` \|", HOSTING, re.MULTILINE))
    read -= {"NNREF_LANGUAGE", "NNREF_PREPARED"}  # set by the build itself
    assert explained == read
    assert read <= set(JOBS["everything"]["env"])
    for name in ("README.md", "CONTRIBUTING.md"):
        assert "hosting.md" in (ROOT / name).read_text(encoding="utf-8"), name


def test_the_page_names_the_page_for_errors() -> None:
    assert "answer with `404.html`" in HOSTING


def test_the_page_names_the_workflow() -> None:
    name = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["name"]
    assert f"*{name}*" in HOSTING
