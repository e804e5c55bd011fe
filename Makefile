# make run    the main job: the cross-border model on its corridor, and its page
# make test   the whole suite
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: run test lint docs bench fuzz claims conformance clean

run: $(STAMP)
	@$(BIN)/python experiments/first_cycle.py

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(STAMP)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict -f docs/mkdocs.yml
	@echo "the documentation is site/index.html"

bench: $(STAMP)
	@$(BIN)/python -m pytest tests/benchmarks -s -p no:cacheprovider

fuzz: $(STAMP)
	@$(BIN)/python tests/fuzzing.py

claims: $(STAMP)
	@$(BIN)/python experiments/claims.py

conformance: $(STAMP)
	@$(BIN)/sdsim conformance $(DIR)

$(STAMP): pyproject.toml constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) site figures/*.html
