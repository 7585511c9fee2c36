# The entry point. `make help` lists the targets; `make run` and `make test` need only python3, python3-venv and
# make on the machine, and a package index for pip.

PYTHON ?= python3
PORT ?= 8000
# The number of test processes; 0 runs all tests in one process, as a debugger needs it.
JOBS ?= 3
BIN := .venv/bin
UV := .uv/bin/uv

# Use the machine's interpreters, never a download, and trust the machine's certificates.
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1
# If Python may not store compiled files, every start would compile every library: compile them once, at installation.
ifneq ($(PYTHONDONTWRITEBYTECODE),)
export UV_COMPILE_BYTECODE := 1
endif

PYTEST := $(BIN)/pytest -n $(JOBS) --durations=20 --durations-min=5

# Run a command, and `make lint` at the same time. Pytest's last line stays the last one unless lint fails.
# The tests start hundreds of processes: if Python may not store compiled files, each would compile again.
define beside-lint
mkdir -p .cache; $(BIN)/python -m compileall -q backend sync_protocol tests; \
$(MAKE) --no-print-directory lint > .cache/lint.log 2>&1 & lint=$$!; \
$(1); tests=$$?; \
wait $$lint || { cat .cache/lint.log; exit 1; }; \
exit $$tests
endef

.DEFAULT_GOAL := help

##@ Use
run doctor: export SATCHEL_PORT := $(PORT)
run: .venv/run.stamp ## Run the sample company: server, worker and its ERP on http://127.0.0.1:8000 (PORT changes it)
	SATCHEL_PUBLIC_URL=http://127.0.0.1:$(PORT) $(BIN)/satchel serve --sample

demo-tryton: .venv/test.stamp ## Run Satchel with a Tryton that is installed and started locally
	$(BIN)/python -m tests.system.demo_tryton

doctor: .venv/run.stamp ## Check settings, database, Redis and the ERP
	$(BIN)/satchel doctor

##@ Work
test: .venv/test.stamp ## Run the tests against real PostgreSQL, Redis and Tryton, and `lint` at the same time
	@$(call beside-lint,$(PYTEST) $(ARGS))

test-all: .venv/test.stamp ## Run all tests: also every test on both databases, every kill point, more of chaos and bench
	@$(call beside-lint,$(PYTEST) --full $(ARGS))

bench: .venv/test.stamp ## Measure against Kinto, a hand-written endpoint and a static file; writes docs/benchmarks.md
	$(BIN)/python -m tests.bench --write $(ARGS)

chaos: .venv/test.stamp ## Inject faults into a whole installation and search for histories that violate a guarantee, for 20 minutes (SATCHEL_CHAOS_MINUTES)
	$(BIN)/python -m tests.system.chaos

mutants: .venv/test.stamp ## Run every mutant and check that its test fails
	$(BIN)/python -m tests.mutants

lint: .venv/test.stamp ## Check style, types and import contracts
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: .venv/test.stamp ## Format the code and fix what ruff can fix
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

reference: .venv/test.stamp ## Regenerate docs/reference and the golden wire examples
	$(BIN)/python -m backend.api.reference docs/reference
	$(BIN)/python -m tests.contract.wire.record

corpus: .venv/test.stamp ## Freeze the exchanges of this revision before its release
	$(BIN)/python -m tests.contract.corpus.record

lock: $(UV) ## Regenerate the lock files: hashes, no addresses
	$(UV) pip compile pyproject.toml --upgrade -q --group build --generate-hashes --universal --python-version 3.11 --no-header -o requirements/run.lock
	$(UV) pip compile pyproject.toml --upgrade -q --group build --group test -c requirements/run.lock --generate-hashes --universal --python-version 3.11 --no-header -o requirements/test.lock
	$(UV) pip compile pyproject.toml --upgrade -q --group build --extra s3 -c requirements/test.lock --generate-hashes --universal --python-version 3.11 --no-header -o requirements/s3.lock
	$(UV) pip compile requirements/tryton.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/tryton.lock
	$(UV) pip compile requirements/bench.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/bench.lock
	$(UV) pip compile requirements/tools.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/tools.lock

clean: ## Remove everything that was installed and built, but not your data in instance/
	rm -rf .venv .venv-tryton .venv-kinto .uv .cache

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV): requirements/tools.lock
	$(PYTHON) -m venv .uv
	.uv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@touch $@

.venv/run.stamp: $(UV) requirements/run.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -f .venv/test.stamp || $(UV) pip sync -q --python $(BIN)/python --require-hashes requirements/run.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/test.stamp: $(UV) requirements/test.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(UV) pip sync -q --python $(BIN)/python --require-hashes requirements/test.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp

.PHONY: run demo-tryton doctor test test-all chaos mutants bench lint format reference corpus lock clean help
