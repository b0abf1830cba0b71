# 回应 Huiying. `make` alone lists what there is.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip
# For every pip, the one that makes the venv too: nothing is written to the home folder.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# An isolated network: wheels put into bundle/ (make bundle) are used and no registry is asked.
BUNDLE := $(if $(wildcard bundle/*.whl),--no-index --find-links bundle)
INSTALL := $(PIP) install --quiet --no-compile $(BUNDLE)

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run drill check test test-long bench bench-search bench-analysis bench-kill bench-deadlines bench-extraction bench-silence bench-import bench-inbound lock bundle clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

setup: .venv/project.stamp ## build .venv from the lock file; then .venv/bin/huiying is there

setup-test: .venv/test.stamp .venv/project.stamp ## the same with what tests and checks need

run: setup ## start the empty service; its address is the first line printed
	@exec $(BIN)/huiying up

drill: setup ## 演练: a scripted city, a grave incident, a fast clock; the address is the first line printed
	@exec $(BIN)/huiying drill

check: setup-test ## ruff, mypy, migrations complete, the floors
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy .
	HUIYING_DATA=.cache/check $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest -q tests/test_layout.py

test: setup-test ## the whole suite on SQLite, then on PostgreSQL
	@$(BIN)/python scripts/run_tests.py

bench: setup ## posts per second, item to alert, first page, as one JSON document; ends non-zero when a target is missed
	@exec $(BIN)/huiying bench

bench-analysis: setup ## read + fold + place + grade, posts per second; ends non-zero when a target is missed
	@exec $(BIN)/python -m bench.analysis

test-long: setup-test ## what takes minutes: kills, long locks, simulated months; on SQLite, then on PostgreSQL
	@$(BIN)/python scripts/run_tests.py --long

bench-kill: setup ## processes killed in the middle of sending: nothing lost, hardly anything twice (half an hour at most)
	@exec $(BIN)/python -m bench.kill

bench-silence: setup ## silence of sources on real and made rhythms: false alarms a month, delay until the alarm
	@exec $(BIN)/python -m bench.silence $(ARGS)

bench-deadlines: setup ## 20,000 open clocks: lateness, cost when idle, how soon the gravest is sent; on both databases
	@exec $(BIN)/python -m bench.deadlines
bench-search: setup ## search: eleven kinds at a million posts against the engine alone (POSTS=100000 for a quick look, ARGS=--elasticsearch)
	@exec $(BIN)/python -m bench.search $(if $(POSTS),--posts $(POSTS)) $(ARGS)

bench-extraction: setup ## article extraction on the gold pages: headline, minute, text; beside other libraries when they are installed
	@exec $(BIN)/python -m bench.extraction

bench-import: setup ## a million-row CSV and a workbook of 200,000 rows (ARGS="--share 0.1" for a quick look)
	@exec $(BIN)/python -m bench.importing $(ARGS)

bench-inbound: setup ## pushes at 500 posts/s while the receiver is killed twenty times, on both databases
	@exec $(BIN)/python -m bench.inbound $(ARGS)

lock: ## resolve requirements anew into both lock files, with hashes
	@bash scripts/lock.sh "$(PYTHON)"

bundle: setup ## wheels of the lock file into bundle/, for a network without a registry
	$(PIP) wheel --quiet --require-hashes --wheel-dir bundle -r requirements/run.lock

clean: ## remove what was built (never var/)
	rm -rf .venv .cache build bundle *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis var-drill

.venv/python.stamp:
	@bash scripts/venv.sh "$(PYTHON)"
	@touch $@

.venv/run.stamp: requirements/run.lock | .venv/python.stamp
	@echo "installing what the lock file names into .venv …" >&2
	@$(INSTALL) --require-hashes -r requirements/run.lock
	@touch $@

# test.lock holds all of run.lock too: a fresh clone that goes straight to `make test` installs once.
.venv/test.stamp: requirements/test.lock | .venv/python.stamp
	@echo "installing what the test lock file names into .venv …" >&2
	@$(INSTALL) --require-hashes -r requirements/test.lock
	@touch .venv/run.stamp $@

.venv/project.stamp: setup.cfg pyproject.toml | .venv/run.stamp
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
