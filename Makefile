# make demo     the quickstart on real data           needs Python 3.11 or newer and a way to reach PyPI, nothing else
# make test     every test, with the coverage floor   also builds the two environments tests exchange files with
# make check    format, lint, types, layers
# make bench    what importing, many records, large files, verifying and many writers cost, against 2.2, by hand or
#               other tools, which get an environment of their own (some forty minutes)
# make faults   every fault at every call, ours and 2.2; renews the table in docs/faults.md (some twenty minutes)
# make format   put the format right
# make pins     renew the constraints files from what PyPI offers today
# make clean    remove everything made here
#
# Environments are kept; each has a stamp, so a second run starts at once. Choose another Python with PYTHON=…,
# pass more to pytest with ARGS="…".

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test check bench faults format pins clean versions

# The first of these that is there, runs, and is new enough.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)

PROCESSES ?= 2
ARGS ?=

BIN := .venv/bin
PIP := -m pip --disable-pip-version-check --quiet
PLUGINS := lazyscribe-arrow lazyscribe-joblib lazyscribe-yaml lazyscribe-onnx
# What the plug-ins would pull in, save lazyscribe: they ask for one below 3, so they are installed with --no-deps.
PLUGINS_NEED := joblib onnx py-yaml12 pyarrow pyyaml scikit-learn
PEERS := mlflow pins trackio
TOOLS := setuptools

export LAZYSCRIBE_22_PYTHON := $(CURDIR)/.venv-22/bin/python
export LAZYSCRIBE_PEERS_PYTHON := $(CURDIR)/.venv-peers/bin/python
export LAZYSCRIBE_PLUGINS_PYTHON := $(CURDIR)/.venv-plugins/bin/python

help:
	@sed -n '/^# make/,/^#$$/s/^# //p' Makefile

demo: .venv/.examples
	@$(BIN)/python examples/quickstart.py

test: .venv/.dev .venv-22/.ready .venv-plugins/.ready
	$(BIN)/python -m pytest -n $(PROCESSES) --cov --cov-report=term $(ARGS)

check: .venv/.dev
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m ruff check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

bench: .venv/.dev .venv-22/.ready .venv-peers/.ready
	@$(BIN)/python benchmarks/imports.py
	@$(BIN)/python benchmarks/records.py
	@$(BIN)/python benchmarks/large.py
	@$(BIN)/python benchmarks/verify.py
	@$(BIN)/python benchmarks/writers.py
	@$(BIN)/python benchmarks/history.py
	@$(BIN)/python benchmarks/peers.py

# What `make test` makes a sample of. HYPOTHESIS_PROFILE=thorough looks longer still.
faults: .venv/.dev .venv-22/.ready
	LAZYSCRIBE_FAULTS=complete LAZYSCRIBE_FAULTS_PAGE=docs/faults.md $(BIN)/python -m pytest -n $(PROCESSES) tests/faults $(ARGS)

format: .venv/.dev
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

versions: .venv/.dev
	@$(BIN)/python --version
	@$(BIN)/python $(PIP) freeze --exclude-editable

clean:
	rm -rf .venv .venv-22 .venv-peers .venv-plugins .pins demo build dist .coverage .coverage.* .mypy_cache .ruff_cache \
		.pytest_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

# -------------------------------------------------------------------------------------------------- environments

# $(call create,folder): an empty environment in that folder
define create
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found; name one with PYTHON=/path/to/python." >&2; exit 1; }
	@echo "$(PYTHON): making $(1)"
	@rm -rf $(1)
	@"$(PYTHON)" -m venv $(1)
endef

.venv/.made: constraints.txt
	$(call create,.venv)
	@$(BIN)/python $(PIP) install -c constraints.txt $(TOOLS)
	@touch $@

.venv/.examples: .venv/.made pyproject.toml
	@echo "installing lazyscribe and what the example needs into .venv"
	@$(BIN)/python $(PIP) install --no-build-isolation -c constraints.txt -e '.[examples]'
	@touch $@

.venv/.dev: .venv/.made pyproject.toml
	@echo "installing lazyscribe and the development tools into .venv"
	@$(BIN)/python $(PIP) install --no-build-isolation -c constraints.txt -e '.[dev]'
	@touch $@ .venv/.examples

.venv-22/.ready: constraints-22.txt
	$(call create,.venv-22)
	@.venv-22/bin/python $(PIP) install -c constraints-22.txt lazyscribe
	@touch $@

.venv-plugins/.ready: constraints-plugins.txt pyproject.toml
	$(call create,.venv-plugins)
	@.venv-plugins/bin/python $(PIP) install -c constraints-plugins.txt $(TOOLS)
	@.venv-plugins/bin/python $(PIP) install --no-build-isolation -c constraints-plugins.txt -e . $(PLUGINS_NEED)
	@.venv-plugins/bin/python $(PIP) install --no-deps -c constraints-plugins.txt $(PLUGINS)
	@touch $@

# What the tools that we compare with cannot do without is theirs: one that does not install is left out, and the
# benchmark says so.
.venv-peers/.ready: constraints-peers.txt
	$(call create,.venv-peers)
	@for peer in $(PEERS); do .venv-peers/bin/python $(PIP) install -c constraints-peers.txt $$peer \
		|| echo "$$peer does not install here; it is left out." >&2; done
	@touch $@

# -------------------------------------------------------------------------------------------------- pins

# $(call freeze,file,options): its first line, then what .pins holds
define freeze
	@sed -n '1p' $(1) > .pins/new
	@.pins/bin/python $(PIP) freeze --all --exclude-editable --exclude pip $(2) >> .pins/new
	@cp .pins/new $(1)
endef

# Plain names and numbers: no index, no paths, not ourselves. lazyscribe 2.2.2 stays until the tests say otherwise.
# The plug-ins' own upper bounds are read from their metadata, with an older lazyscribe standing in for ours.
pins:
	$(call create,.pins)
	@.pins/bin/python $(PIP) install --upgrade $(TOOLS)
	@.pins/bin/python $(PIP) install --no-build-isolation -e '.[dev]'
	$(call freeze,constraints.txt)
	$(call create,.pins)
	@.pins/bin/python $(PIP) install lazyscribe==2.2.2
	$(call freeze,constraints-22.txt,--exclude setuptools)
	$(call create,.pins)
	@.pins/bin/python $(PIP) install --upgrade $(TOOLS) filelock msgspec lazyscribe==2.2.2 $(PLUGINS) $(PLUGINS_NEED)
	$(call freeze,constraints-plugins.txt,--exclude lazyscribe)
	$(call create,.pins)
	@.pins/bin/python $(PIP) install $(PEERS)
	$(call freeze,constraints-peers.txt,--exclude setuptools)
	@rm -rf .pins
