# Needs git, make and Python 3.11 or newer; everything else is installed into .venv, or .venv-run for make run.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
RUN_VENV := .venv-run
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# two for each core of a small machine: many tests wait for something, or see that something waits
TEST_PROCESSES ?= 4
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-header --no-emit-index-url

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) alembic.ini ## Install everything into .venv; make alembic.ini where there is none

# An environment in a folder. Debian's python3 without python3-venv makes half of one, with no pip: it
# is asked first, and such a half is made anew.
define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "headstart needs Python 3.11 or newer: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make an environment: apt install python3-venv, then make again" >&2; exit 1; }
	@$(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1)
endef

$(READY): requirements-dev.txt pyproject.toml
	$(call make_venv,$(VENV))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
		--require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

alembic.ini:
	cp alembic.ini.example $@

# what a run and the embedded Postgres need, and none of the developers' tools
$(RUN_VENV)/.ready: requirements-run.txt
	@echo "Installing what a run needs into $(RUN_VENV), once ..."
	$(call make_venv,$(RUN_VENV))
	@$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		--only-binary :all: --require-hashes -r requirements-run.txt
	@touch $@

# on this database and no other, with the log for people
EMBEDDED_RUN := env -u DATABASE_URL -u DATABASE_URL_FILE HEADSTART_EMBEDDED=1 HEADSTART_LOG_FORMAT=console \
	$(RUN_VENV)/bin/python entrypoint.py

.PHONY: run
run: $(RUN_VENV)/.ready alembic.ini ## The whole job on an embedded Postgres, twice; needs nothing but Python
	@echo "A Postgres of its own starts in .embedded/, and the job brings its database to head:"
	@$(EMBEDDED_RUN)
	@echo "Once more. Nothing is left to do, and the job says so:"
	@$(EMBEDDED_RUN)
	@echo "next: make db keeps that Postgres up; docs/your-project.md is about your own app"

KEEPER := $(RUN_VENV)/bin/python -m headstart.dev.keeper

.PHONY: db
db: $(RUN_VENV)/.ready ## Keep the embedded Postgres up, and print its URL
	@$(KEEPER) start

.PHONY: db-stop
db-stop: $(RUN_VENV)/.ready ## Stop the Postgres of make db
	@$(KEEPER) stop

PYTEST := $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal

.PHONY: test
test: setup ## Unit tests and the heart of the integration tests, minutes; needs nothing but Python
	$(PYTEST) -m "not more"

.PHONY: test-more
test-more: setup ## The other integration tests: the older server, and the edges; as the next one
	$(PYTEST) -m more

.PHONY: test-projects
test-projects: setup ## Some eighty awkward Alembic projects, against the alembic command
	$(PYTEST) tests/projects

.PHONY: test-campaign
test-campaign: setup ## Each kind of fault, twice, at moments of a run; a sample of the next one
	$(PYTEST) tests/campaign

.PHONY: test-newer
test-newer: setup ## What an app meets on a newer schema: 370 changes, and what headstart says of each
	$(PYTEST) tests/newer

RUNS := 1000
SEED := 1

.PHONY: campaign
campaign: setup ## RUNS faulted runs with a SEED, and what held; half an hour
	$(BIN)/python -m tests.campaign --runs $(RUNS) --seed $(SEED)

HISTORIES := mlflow argilla glance
IMAGES := $(VENV)/histories

.PHONY: test-histories
test-histories: setup $(HISTORIES:%=$(IMAGES)/%/.ready) ## Real histories from PyPI; installs their apps, 800 MB
	$(PYTEST) tests/histories

# one environment for each app, with headstart in it, as its own image would be
$(IMAGES)/%/.ready: tests/histories/%.txt $(READY)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip install --quiet --python $(@D) --only-binary :all: --no-deps --require-hashes -r $<
	$(BIN)/uv pip install --quiet --python $(@D) --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: test-servers
test-servers: setup ## Tests against servers in containers; needs a container engine
	$(PYTEST) --dist loadfile tests/servers  # a file has servers of its own, and one crowd at a time

# the commit of the checkout, for the labels, the log and the verdict; none outside of a clone
REVISION = $(shell git describe --always --abbrev=40 --exclude='*' --dirty 2>/dev/null)

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' headstart/__init__.py)

.PHONY: image
image: ## Build the image headstart:VERSION, on BASE=...@sha256:... if given; needs a container engine, as the next one
	docker build $(if $(BASE),--build-arg BASE=$(BASE)) --build-arg REVISION=$(REVISION) --tag headstart --tag headstart:$(VERSION) .

.PHONY: test-image
test-image: setup ## The image, compose.yaml and the examples, in containers
	$(PYTEST) --dist loadfile tests/image

.PHONY: test-cluster
test-cluster: setup ## Manifests and chart on the cluster of KUBECONFIG; needs kubectl, helm, docker
	$(PYTEST) tests/cluster

.PHONY: test-pythons
test-pythons: setup ## Unit tests and a run under Python 3.11 to 3.14, as far as they are there; minutes
	TEST_PROCESSES=$(TEST_PROCESSES) $(BIN)/python docs/pythons.py

PROMTOOL := promtool

.PHONY: test-rules
test-rules: setup ## Evaluate the alert rules on made-up series; needs PROMTOOL, which is part of Prometheus
	@mkdir -p build/rules
	$(BIN)/python -c 'import sys, yaml; yaml.safe_dump(yaml.safe_load(sys.stdin)["spec"], sys.stdout)' \
		< k8s/observability/prometheus-rule.yaml > build/rules/rules.yaml
	cp k8s/observability/prometheus-rule.test.yaml build/rules
	$(PROMTOOL) check rules build/rules/rules.yaml
	$(PROMTOOL) test rules build/rules/prometheus-rule.test.yaml

.PHONY: bench
bench: setup $(VENV)-bench/.ready ## Client CPU beside the alembic command, then beside its peers; writes docs/performance.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r bench/requirements.txt
	$(BIN)/python bench/client_cpu.py --bin $(VENV)-bench/bin
	$(BIN)/python bench/status.py --bin $(VENV)-bench/bin
	$(BIN)/python bench/beside_peers.py --bin $(VENV)-bench/bin --write

.PHONY: bench-fingerprint
bench-fingerprint: setup $(HISTORIES:%=$(IMAGES)/%/.ready) ## Proof by fingerprints: what it names, and what it costs
	$(BIN)/python bench/fingerprint.py

.PHONY: bench-traffic
bench-traffic: setup ## What readers wait while a revision waits for a long transaction, beside the alembic command
	$(BIN)/python bench/traffic.py

.PHONY: bench-fleet
bench-fleet: setup $(VENV)-bench/.ready ## What a fleet costs, beside the alembic command in a loop; writes docs/performance.md
	$(BIN)/python bench/fleet.py --bin $(VENV)-bench/bin --write
	$(BIN)/python bench/fleet.py --bin $(VENV)-bench/bin --memory
	$(BIN)/python bench/fleet_broken.py

.PHONY: bench-locks
bench-locks: setup ## What each revision of tests/projects held until its COMMIT
	$(BIN)/python bench/held_locks.py

.PHONY: bench-image
bench-image: setup ## Size of the image, memory of the job, time to a healthy app
	$(BIN)/python bench/image.py

# what a user's image has and nothing else: a library may load what else is installed
$(VENV)-bench/.ready: $(READY) requirements.txt $(shell find headstart -name '*.py')
	$(PYTHON) -m venv --clear $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements.txt
	rm -rf build  # setuptools would pack what an earlier build left
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir build/wheel .
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps build/wheel/*
	@touch $@

.PHONY: check
check: setup ## Lint, format, types, import directions, generated documents, fingerprints
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/headstart check --image
	$(BIN)/headstart fingerprint check

.PHONY: format
format: setup ## Format the code and sort its imports
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

.PHONY: docs
docs: setup ## Write the generated parts of the documents
	$(BIN)/python docs/generate.py

.PHONY: pictures
pictures: setup ## Draw the pictures of the docs anew; those of a terminal come from real runs
	$(BIN)/python docs/flow.py
	$(BIN)/python docs/pictures.py

# HEADSTART_SITE_REPOSITORY is where links to files lead that are no pages. The variable below keeps
# the theme from printing news about itself.
.PHONY: site
site: $(VENV)-site/.ready ## Build the site of the documents, with a search, in build/site
	$(VENV)-site/bin/python docs/pages.py
	NO_MKDOCS_2_WARNING=1 $(VENV)-site/bin/mkdocs build --quiet --strict --config-file build/mkdocs.yml

$(VENV)-site/.ready: requirements-site.txt
	$(PYTHON) -m venv --clear $(VENV)-site
	$(VENV)-site/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: fingerprints
fingerprints: setup ## Write alembic/fingerprints.txt anew, after a new revision
	$(BIN)/headstart fingerprint build

.PHONY: sbom
sbom: setup ## Write build/headstart.cdx.json, the bill of materials (CycloneDX) of the pinned requirements
	@mkdir -p build
	$(BIN)/python docs/sbom.py > build/headstart.cdx.json

.PHONY: release
release: setup ## Packages, images, chart, bill and checksums in build/release; needs git, docker, helm
	$(BIN)/python docs/release.py $(if $(DIRTY),--dirty) $(if $(BASE),--base $(BASE)) $(PLATFORM:%=--platform %)

.PHONY: requirements
requirements: setup ## Compile the pinned requirements anew; UPGRADE=1 takes the newest versions
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements-build.in -o requirements-build.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt --extra embedded --extra lint --extra otel \
		pyproject.toml requirements-dev.in -o requirements-dev.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements-site.in -o requirements-site.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements-dev.txt --extra embedded \
		pyproject.toml -o requirements-run.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements-dev.txt \
		bench/requirements.in -o bench/requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt \
		pyproject.toml tests/histories/mlflow.in -o tests/histories/mlflow.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt \
		pyproject.toml examples/minirag-app/requirements.in -o examples/minirag-app/requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt pyproject.toml \
		examples/fastapi-template-shape/backend/requirements.in \
		-o examples/fastapi-template-shape/backend/requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt \
		examples/own-project/requirements.in -o examples/own-project/requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt \
		tests/image/settings_class/requirements.in -o tests/image/settings_class/requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt \
		--override tests/histories/argilla-overrides.txt \
		pyproject.toml tests/histories/argilla.in -o tests/histories/argilla.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt \
		--override tests/histories/glance-overrides.txt \
		pyproject.toml tests/histories/glance.in -o tests/histories/glance.txt

.PHONY: clean
clean: ## Remove what the other targets made, the embedded database too; alembic.ini stays
	rm -rf $(VENV) $(VENV)-bench $(VENV)-site $(RUN_VENV) .embedded build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache
	find headstart models alembic examples tests docs -name __pycache__ -prune -exec rm -rf {} +
