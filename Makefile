# Needs python3 (3.11 or later, with venv) and make; everything else comes into .venv.
#
#   make                            set up
#   make serve                      set up, then serve page and API on port 5000
#   make detect SOURCE=photo.jpg    set up, then print the skeletons in a picture or video
#   make test                       set up, then run every check: what CI runs
#   make help                       the rest

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
# uv reads none of pip's settings: it asks the index that pip is configured for, unless it has settings itself.
PIP_INDEX = $(BIN)/python -m pip config list 2>/dev/null | \
	sed -nE "s/^(:env:|global|install)\.index-url='(.*)'$$/\2/p" | sed 1q
RUN_UV = $(if $(wildcard $(HOME)/.config/uv/uv.toml /etc/uv/uv.toml),,index=$${UV_DEFAULT_INDEX:-$$($(PIP_INDEX))}; \
	env $${index:+"UV_DEFAULT_INDEX=$$index"}) $(UV)
# Somebody who watches sees how far it is.
QUIETLY := $(if $(MAKE_TERMERR),,--quiet)
NPM := $(BIN)/npm --prefix web --silent
BUILT := src/posemill/kernels/.stamp $(addprefix src/posemill/models/,pose_detection.tflite \
	pose_landmark_full.tflite pose_landmark_heavy.tflite pose_landmark_lite.tflite) \
	src/posemill/server/assets/.stamp src/posemill/server/page/.stamp
BUILT_FROM := pyproject.toml hatch_build.py src/posemill/native.c \
	src/posemill/runtime/model_files.py $(shell find web -name node_modules -prune -o -type f -print)

export VIRTUAL_ENV := $(CURDIR)/.venv
# Mirrors behind a company's own certificate: trust what the system trusts.
export UV_SYSTEM_CERTS ?= true
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := setup
.PHONY: help setup develop serve detect test test-mediapipe web web-types docs docs-pages docs-serve screenshots lint fmt lock dist clean FORCE

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

setup: .venv/.installed ## Make .venv with the locked packages, models and kernels

develop: .venv/.developing ## The same, with all that tests and documentation need

serve: setup ## Serve the page and the API on port 5000 (ARGS=... for posemill serve)
	@exec $(BIN)/posemill serve $(ARGS)

detect: setup ## Print the skeletons in SOURCE, or write them to OUT
	@test -n "$$SOURCE" || { echo "usage: make detect SOURCE=photo.jpg [OUT=photo.pose.jpg]" >&2; exit 2; }
	@$(BIN)/posemill detect "$$SOURCE" $${OUT:+--out "$$OUT"}

# Half of the tests' time is waiting. Those that measure time run by themselves.
test: lint web ## Lint, check types and layers, run the tests (ARGS=... for pytest, one by one)
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	$(BIN)/pytest --quiet --numprocesses $$(expr $$($(BIN)/python -c 'from posemill.cores import usable_cores as n; print(n())') + 1) --dist loadfile -m "not alone"
	$(BIN)/pytest --quiet -m alone
endif

test-mediapipe: .venv-mediapipe/.synced ## Run the engines' tests with the original as an engine too
	PYTHONPATH=src .venv-mediapipe/bin/python -m pytest $(or $(ARGS),tests/test_engine.py tests/test_bench.py::test_against_the_original)

web: develop ## Check the page's types, and run the tests of its logic
	$(NPM) run check
	$(NPM) run test

web-types: develop ## Make the page's types of the API anew
	@$(BIN)/python web/api_types.py web/src/lib/api/schema.ts

docs: docs-pages ## Build the documentation's site into docs/site, in both languages
	rm -rf docs/site
	$(BIN)/zensical build --clean --strict --config-file docs/zensical.en.toml
	$(BIN)/zensical build --clean --strict --config-file docs/zensical.zh.toml
	$(BIN)/python docs/reference/joined.py docs/site/zh
	cp docs/index.html docs/site/index.html

docs-pages: develop ## Make the pages of settings and commands anew
	$(BIN)/python docs/reference/make.py docs

docs-serve: docs ## Show the site on http://localhost:8000
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory docs/site 8000

screenshots: develop ## Take the pictures of the page in docs/en and docs/zh anew (needs Chromium)
	$(BIN)/python tests/screenshots.py docs

lint: develop ## All of test but the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: develop ## Format, and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(UV) ## Resolve requirements.lock anew
	@$(RUN_UV) pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url \
		--no-emit-find-links --custom-compile-command "make lock" --python-version 3.11 \
		--group dev pyproject.toml --output-file requirements.lock

dist: setup ## Build the wheel and the source archive into dist/
	@$(RUN_UV) build --quiet --out-dir dist

clean: ## Remove all that was made
	rm -rf .venv .venv-mediapipe dist build docs/.cache docs/site web/node_modules \
		src/posemill/kernels src/posemill/models src/posemill/server/assets src/posemill/server/page \
		__pycache__ .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# uv, in the version and with the hashes of the lock.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "posemill needs Python 3.11 or later: make PYTHON=python3.12" >&2; exit 2; }
	@echo "Making .venv" >&2
	@$(PYTHON) -m venv .venv
	@if test -f requirements.lock; then \
		sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt; \
	else echo uv > .venv/uv.txt; fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r .venv/uv.txt >&2

# What it runs and is built with, in the lock's versions, checked by the lock's hashes.
.venv/.synced: requirements.lock pyproject.toml | $(UV)
	@echo "Fetching packages (some 360 MB, once)" >&2
	@$(RUN_UV) pip install $(QUIETLY) --constraints requirements.lock --requirements pyproject.toml --group build
	@touch $@

# All of the lock: three times as much to fetch.
.venv/.developing: .venv/.installed requirements.lock
	@echo "Installing what development needs" >&2
	@$(RUN_UV) pip install $(QUIETLY) --require-hashes --requirements requirements.lock
	@touch $@

.venv/.installed: .venv/.synced $(BUILT_FROM)
	@echo "Installing posemill (models, kernels)" >&2
	@$(RUN_UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# As CONTRIBUTING.md has it for pip: what MediaPipe needs, then itself without its metadata.
.venv-mediapipe/.synced: .venv/.developing
	@echo "Making .venv-mediapipe" >&2
	@$(RUN_UV) venv --quiet --clear --python $(BIN)/python .venv-mediapipe
	@$(RUN_UV) pip install --quiet --python .venv-mediapipe --requirements pyproject.toml \
		--extra mediapipe hypothesis pytest pytest-timeout scikit-image
	@$(RUN_UV) pip install --quiet --python .venv-mediapipe --no-deps mediapipe==0.10.21
	@touch $@

# Models and kernels that went missing come back.
ifneq ($(words $(wildcard $(BUILT))),$(words $(BUILT)))
.venv/.installed: FORCE
endif
