# batch-tui: everything a developer runs. `make` prints this list.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Bytecode is what makes the start quick; a machine-wide "don't write" would cost a second at each start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo install test check lint types bench soak matrix screenshots format clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## open the screen on the embedded gateway: no key, no network
	@$(BIN)/batch-tui demo

install: $(INSTALLED) ## make .venv with everything needed

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --config-settings editable_mode=compat -e '.[dev]'
	@touch $@

test: $(INSTALLED) ## run all tests
	@# Many tests wait for a program of their own: a third worker uses the processor meanwhile.
	$(BIN)/python -m pytest -n 3 -q

check: lint types test ## everything that must hold before a commit

lint: $(INSTALLED) ## style, spelling, layers, budgets
	$(BIN)/ruff check batch_tui tests tools
	$(BIN)/ruff format --check batch_tui tests tools
	$(BIN)/codespell batch_tui tests tools README.md CHANGELOG.md
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/budgets.py

types: $(INSTALLED) ## mypy --strict over package and tests, pyright strict over the package
	$(BIN)/mypy
	$(BIN)/pyright

bench: $(INSTALLED) ## measure speed as ratios, print the table
	$(BIN)/python -m tests.bench

soak: $(INSTALLED) ## 1,000 random operations under faults, then the money ledger
	$(BIN)/python -m pytest -q tests/soak

matrix: $(INSTALLED) ## write the table of faults, phases and the tests that hold them
	$(BIN)/python tools/matrix.py

screenshots: $(INSTALLED) ## take the pictures of the README from the real app on the gateway
	$(BIN)/python tools/screenshots.py

format: $(INSTALLED) ## let ruff write the layout
	$(BIN)/ruff format batch_tui tests tools
	$(BIN)/ruff check --fix batch_tui tests tools

clean: ## remove what was installed and built here
	rm -rf $(VENV) build *.egg-info
