# Everything runs from .venv, which `make setup` builds with plain venv and pip. No path is made absolute outside quotes:
# the checkout may lie in a folder whose name has spaces.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.set-up
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
# One thread for each worker: the threads of several would wait for one another, spinning.
TESTS := OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile
EXTRAS := hep,data,openai,scipy,sql,similarity,eval,dask,tokens,torch,notebook

.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-all bench format package clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '%-10s %s\n' "$$name" "$$what"; done

setup: $(STAMP) ## build .venv with treadle, its extras and the developer tools

$(STAMP): pyproject.toml constraints.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	$(PY) -m pip install --quiet -c constraints.txt --group dev -e '.[$(EXTRAS)]'
	@touch $(STAMP)

demo: $(STAMP) ## fetch the model and run the main job on examples/data/zmumu.root
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" bash examples/demo.sh

check: $(STAMP) ## style, types and the order of the rooms
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

test: check ## check, then all tests but the slow ones (fetches the model on first use)
	$(TESTS) -m 'not slow'

test-all: check ## check, then all tests
	$(TESTS)

bench: $(STAMP) ## the benchmarks; each prints a table
	$(PY) benchmarks/run.py
	$(PY) benchmarks/sandbox.py

format: $(STAMP) ## put the code into the project's style
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

package: $(STAMP) ## build the wheel into dist/ and check that the packs are inside
	rm -rf dist
	$(PY) -m pip wheel --quiet --no-deps --wheel-dir dist .
	@$(PY) -c 'import glob, os, zipfile; \
	wheel, = glob.glob("dist/*.whl"); names = set(zipfile.ZipFile(wheel).namelist()); \
	wanted = ["treadle/" + p.replace(os.sep, "/") for p in glob.glob("packs/*/**", recursive=True) if os.path.isfile(p)]; \
	missing = [w for w in [*wanted, "treadle/py.typed"] if w not in names and "__pycache__" not in w]; \
	assert wanted and not missing, f"{wheel} lacks {missing}"; print(f"{wheel}: {len(names)} files, {len(wanted)} of packs")'

clean: ## remove .venv, caches and build output
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
