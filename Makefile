# make run    the main job: the cross-border model on its corridor, and its page
# make test   the whole suite
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SHELL  := bash

.PHONY: run test lint docs bench emulated fuzz claims conformance clean

run: $(STAMP)
	@$(BIN)/python experiments/first_cycle.py

test: $(STAMP)
	@echo "running the tests, as many at a time as there are processors; some minutes"
	@$(BIN)/python -m pytest -n auto --dist worksteal --durations 15

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(STAMP)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict -f docs/mkdocs.yml
	@echo "the documentation is site/index.html"

bench: $(STAMP)
	@$(BIN)/python -m pytest tests/benchmarks -s -p no:cacheprovider

# Kernels on a plainer processor than this one: Debian's qemu-user; CPU=Nehalem is x86-64-v2.
CPU ?= Haswell-noTSX
emulated: $(STAMP)
	@qemu-x86_64 -cpu $(CPU) $(BIN)/python -m pytest tests/backends -p no:cacheprovider

fuzz: $(STAMP)
	@$(BIN)/python tests/fuzzing.py

claims: $(STAMP)
	@$(BIN)/python experiments/claims.py

conformance: $(STAMP)
	@$(BIN)/sdsim conformance $(DIR)

$(STAMP): pyproject.toml constraints.txt
	@test -d $(VENV) || { echo "making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing sdsim and what it needs into $(VENV), a dot for each package; some minutes"
	@set -o pipefail; $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off \
	    -c constraints.txt -e '.[dev]' | awk '/^(Collecting|Obtaining|Requirement)/ \
	    {printf "."} /^Installing/ {print " unpacking"} /^Success/ {print "installed"} {fflush()}'
	@touch $@

clean:
	rm -rf $(VENV) site figures/*.html
