# Everything a newcomer or CI runs. `make demo` and `make test` need nothing but Python 3.11 or newer.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check format images bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/server.stamp: pyproject.toml requirements.lock
	@scripts/install-venv $(PYTHON) server
	@touch $@

.venv/dev.stamp: pyproject.toml requirements.lock
	@scripts/install-venv $(PYTHON) server,dev
	@touch $@ .venv/server.stamp

demo: .venv/server.stamp ## install, start everything embedded, score the bundled problems, print the table
	@$(BIN)/proctor demo

test: .venv/dev.stamp ## all tests (TESTS=path narrows, ARGS=… passes on)
	@$(BIN)/pytest $(TESTS) $(ARGS)

ROUNDS ?= 200
SEED ?= 0
chaos: .venv/dev.stamp ## kill real processes, containers and Redis in the middle of batches (ROUNDS=200 SEED=0)
	@$(BIN)/pytest tests/chaos --rounds $(ROUNDS) --seed $(SEED) -q $(ARGS)

check: .venv/dev.stamp ## lint, formatting, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/dev.stamp ## put imports and lines in order
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format -q .

images: ## build every image: sandboxes, service, Redis, Prometheus (needs Docker; FAMILIES="python cpp" narrows)
	@scripts/build-images $(FAMILIES)
	@scripts/build-service-images

bench: .venv/dev.stamp ## measure; writes benchmarks/OBSERVATIONS.md (ARGS=--quick for a short one)
	@$(BIN)/proctor bench --write benchmarks/OBSERVATIONS.md $(ARGS)
	@$(BIN)/python benchmarks/scale_model.py --measure >/dev/null

lock: .venv/dev.stamp ## renew requirements.lock
	@scripts/lock

clean: ## remove what the targets made
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
