# The entry point. `make help` lists the targets; `make run` and `make test` need only python3, python3-venv and
# make on the machine, and a package index for pip.

PYTHON ?= python3
PORT ?= $(or $(SATCHEL_PORT),8000)
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

# Builds the phone app if a file of it has changed. npm is that of the machine, else that of a wheel.
WEBAPP := $(BIN)/python -m backend.webapp.builder
# The packages that its tests and `lint` need. Installed before both begin: npm first deletes those that are there.
TOOLS := $(BIN)/python -c "from backend.webapp.builder import npm; npm.install(tools=True)"

PYTEST := $(BIN)/pytest -n $(JOBS) --durations=20 --durations-min=5

# Run a command, and `make lint` at the same time. Pytest's last line stays the last one unless lint fails.
# The tests start hundreds of processes: if Python may not store compiled files, each would compile again.
define beside-lint
mkdir -p .cache; $(TOOLS) && $(WEBAPP) || exit 1; $(BIN)/python -m compileall -q backend sync_protocol tests; \
$(MAKE) --no-print-directory lint > .cache/lint.log 2>&1 & lint=$$!; \
$(1); tests=$$?; \
wait $$lint || { cat .cache/lint.log; exit 1; }; \
exit $$tests
endef

.DEFAULT_GOAL := help

##@ Use
run doctor demo-tryton: export SATCHEL_PORT := $(PORT)
run: .venv/run.stamp ## Run the sample company: server, worker and its ERP on http://127.0.0.1:8000 (PORT changes it)
	@$(WEBAPP)
	@# `exec` leaves no shell between make and Satchel, which ends when make ends, however that ends.
	@SATCHEL_PUBLIC_URL=http://127.0.0.1:$(PORT) exec $(BIN)/satchel serve --sample --end-with $$PPID

phone: export SATCHEL_PORT := $(PORT)
phone: .venv/run.stamp ## Run the sample company for real phones in your network: HTTPS with a certificate of its own
	@$(WEBAPP)
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/granian.lock
	@$(BIN)/satchel certificate
	@exec $(BIN)/satchel serve --sample --lan --end-with $$PPID

demo-tryton: .venv/test.stamp ## Run Satchel with a Tryton that is installed and started locally
	@$(WEBAPP)
	@exec $(BIN)/python -m tests.system.demo_tryton --end-with $$PPID

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
	$(BIN)/python -m tests.system.chaos $(ARGS)

fuzz: .venv-fuzz/stamp ## Search the parsers guided by coverage, with atheris: SATCHEL_FUZZ_RUNS (100000) inputs each
	.venv-fuzz/bin/python -m tests.security.fuzz.guided

mutants: .venv/test.stamp ## Run every mutant and check that its test fails
	$(BIN)/python -m tests.mutants

lint: .venv/test.stamp ## Check style, types, import contracts and known mistakes of security
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	$(WEBAPP).lint
	@# Its remarks about accepted lines go to a file; what it finds is printed.
	@mkdir -p .cache && $(BIN)/bandit -q -r backend sync_protocol wsgi.py -x backend/connectors/tryton/module,backend/webapp/node_modules 2> .cache/bandit.log || { cat .cache/bandit.log; exit 1; }

vulnerabilities: .venv-release/stamp ## Look up known vulnerabilities of what is installed; needs the service of PyPI
	@$(PYTHON) requirements/vulnerabilities.py .venv-release/bin/pip-audit requirements/run.lock requirements/s3.lock requirements/granian.lock

release: .venv/test.stamp .venv-release/stamp ## Build wheel, sdist, CycloneDX bill of materials and hashes into dist/
	@rm -rf dist && mkdir dist
	@$(UV) build -q --no-build-isolation --python $(BIN)/python -o dist
	@rm -f dist/.gitignore
	@.venv-release/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o dist/satchel.cdx.json requirements/run.lock 2> .cache/sbom.log || { cat .cache/sbom.log; exit 1; }
	@cd dist && sha256sum -- * > SHA256SUMS && cat SHA256SUMS

format: .venv/test.stamp ## Format the code and fix what ruff and Biome can fix
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(WEBAPP).lint --fix

reference: .venv/test.stamp ## Regenerate docs/reference and the golden wire examples
	$(BIN)/python -m backend.api.reference docs/reference
	$(BIN)/python -m sync_protocol.conformance.rules_table docs/conformance.md
	$(BIN)/python -m tests.contract.wire.record
	$(BIN)/python -m tests.security.inventory

corpus: .venv/test.stamp ## Freeze the exchanges of this revision before its release
	$(BIN)/python -m tests.contract.corpus.record

lock: $(UV) ## Regenerate the lock files: hashes, no addresses
	$(UV) pip compile pyproject.toml --upgrade -q --group build --generate-hashes --universal --python-version 3.11 --no-header -o requirements/run.lock
	$(UV) pip compile pyproject.toml --upgrade -q --group build --group test -c requirements/run.lock --generate-hashes --universal --python-version 3.11 --no-header -o requirements/test.lock
	$(UV) pip compile pyproject.toml --upgrade -q --group build --extra s3 -c requirements/test.lock --generate-hashes --universal --python-version 3.11 --no-header -o requirements/s3.lock
	$(UV) pip compile pyproject.toml --upgrade -q --group build --extra granian -c requirements/test.lock --generate-hashes --universal --python-version 3.11 --no-header -o requirements/granian.lock
	$(UV) pip compile requirements/tryton.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/tryton.lock
	$(UV) pip compile requirements/bench.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/bench.lock
	$(UV) pip compile requirements/release.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/release.lock
	$(UV) pip compile requirements/fuzz.in --upgrade -q -c requirements/test.lock --generate-hashes --universal --python-version 3.11 --no-header -o requirements/fuzz.lock
	$(UV) pip compile requirements/node.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/node.lock
	$(UV) pip compile requirements/tools.in --upgrade -q --generate-hashes --universal --python-version 3.11 --no-header -o requirements/tools.lock

clean: ## Remove everything that was installed and built, but not your data in instance/
	rm -rf .venv .venv-fuzz .venv-release .venv-tryton .venv-kinto .uv .cache
	rm -rf backend/webapp/node_modules backend/webapp/vendor backend/webapp/built backend/console/built

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV): requirements/tools.lock
	@echo "Installing the installer uv into .uv"
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@touch $@

.venv/run.stamp: $(UV) requirements/run.lock requirements/node.lock pyproject.toml
	@echo "Installing Satchel and its libraries into .venv; the first time this takes up to a minute"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -f .venv/test.stamp || $(UV) pip sync -q --python $(BIN)/python --require-hashes requirements/run.lock
	@command -v npm > /dev/null || $(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/node.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/test.stamp: $(UV) requirements/test.lock requirements/node.lock pyproject.toml
	@echo "Installing Satchel, its libraries and those of the tests into .venv; the first time this takes up to a minute"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(UV) pip sync -q --python $(BIN)/python --require-hashes requirements/test.lock
	@command -v npm > /dev/null || $(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/node.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp

.venv-release/stamp: $(UV) requirements/release.lock
	@echo "Installing the tools of a release into .venv-release"
	@test -x .venv-release/bin/python || $(PYTHON) -m venv .venv-release
	@$(UV) pip sync -q --python .venv-release/bin/python --require-hashes requirements/release.lock
	@touch $@

.venv-fuzz/stamp: $(UV) requirements/test.lock requirements/fuzz.lock
	@echo "Installing Satchel, the libraries of its tests and atheris into .venv-fuzz"
	@test -x .venv-fuzz/bin/python || $(PYTHON) -m venv .venv-fuzz
	@$(UV) pip sync -q --python .venv-fuzz/bin/python --require-hashes requirements/test.lock requirements/fuzz.lock
	@$(UV) pip install -q --python .venv-fuzz/bin/python --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: run demo-tryton doctor test test-all chaos fuzz mutants bench vulnerabilities release lint format reference corpus lock clean help
