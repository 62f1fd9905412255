# The commands a newcomer, an engineer and continuous integration run alike.
# `make setup` is a prerequisite of all of them: a clean clone needs nothing else.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

DISTRIBUTIONS := $(patsubst %/pyproject.toml,%,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml))
SOURCES       := $(addsuffix /src,$(DISTRIBUTIONS))
STAMP         := $(VENV)/.installed

EMPTY :=
SPACE := $(EMPTY) $(EMPTY)

# pip's own check for a newer pip would only add noise and a network call.
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo check test proto lock clean

help:  ## Show these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP)  ## Install every distribution and the tools, at the locked versions

$(STAMP): requirements.lock requirements-dev.txt $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock \
	    --requirement requirements-dev.txt $(addprefix --editable ,$(DISTRIBUTIONS))
	touch $@

demo: setup  ## Show the whole loop on this machine: learn, export, promote under a live dictation
	$(BIN)/carabin demo

proto: setup  ## Generate the gRPC code from proto/
	for service in trainer exporter transcriber; do \
	    $(BIN)/python -m grpc_tools.protoc --proto_path=proto --python_out=services/$$service/src \
	        --grpc_python_out=services/$$service/src --pyi_out=services/$$service/src \
	        proto/carabin/$$service/v1/*.proto || exit 1; \
	done

check: setup  ## Lint, types and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=$(subst $(SPACE),:,$(SOURCES)) $(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports

test: check  ## Everything that must hold before a change lands
	$(BIN)/python -m pytest

lock:  ## Rewrite requirements.lock from the environment in $(VENV)
	{ echo '# Every third-party version that `make setup` installs. Written by `make lock`; not edited by hand.'; \
	  $(BIN)/python -m pip list --format=freeze | sed -E 's/\+cpu$$//' \
	    | grep -viE '^(carabin|pip==|setuptools==)' | sort -f; } > requirements.lock

clean:  ## Remove the environment and the caches, never the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
