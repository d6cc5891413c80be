# make demo · make run · make test · make fuzz · make test-real · make lab · make bench
# Everything is installed into .venv here; nothing outside the checkout is touched.

# The first Python that is 3.11 or later. Another one: make PYTHON=/path/to/python3.13 run
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; exit; }; done; \
	echo python-3.11-or-later-is-needed)
# The BigQuery emulator runs on 3.13 alone; where there is none, its tests are skipped.
PYTHON313 ?= $(shell for p in python3.13 "$$(pyenv root 2>/dev/null)"/versions/3.13*/bin/python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && { echo "$$p"; exit; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: demo run test fuzz test-real test-servers test-bigquery lab bench lint lock clean

# Sample data in a home of its own, and its page; opened where there is a desktop.
DEMO ?= var/demo
demo: .venv/.desk
	@MTA_STS_HOME="$(DEMO)" $(BIN)/mta-sts demo
	@MTA_STS_HOME="$(DEMO)" $(BIN)/mta-sts report --output "$(DEMO)/report.html"
	@echo "The page: file://$(abspath $(DEMO))/report.html"
	@if [ "$$(uname)" = Darwin ]; then open "$(DEMO)/report.html"; \
	elif [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] && command -v xdg-open >/dev/null; then \
		xdg-open "$(DEMO)/report.html" >/dev/null 2>&1 || true; fi

run: .venv/.desk
	@$(BIN)/mta-sts serve

test: .venv/.dev lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadscope

# Reports bent at random for ten minutes; make test has a short run.
fuzz: .venv/.dev
	$(BIN)/python -m tests.tlsrpt.fuzz --minutes 10

# Needs root, network namespaces, nsd, nginx, apache2, caddy, postfix, dovecot, chromium, npm and Python 3.13; a test whose needs are absent skips and says which.
test-real: .venv/.dev .venv/.real .venv/.checker .venv/.bigquery .venv/.browser
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target test-servers test-bigquery

# The first waits for servers most of the time, the second computes: so both at once.
test-servers:
	$(BIN)/python -m pytest -m "real and not bigquery" -rs

test-bigquery:
	$(BIN)/python -m pytest -m bigquery -rs --numprocesses 2 --dist loadfile

# One mail from Postfix to Postfix under a policy of ours: both logs beside the warehouse. Needs root too.
lab: .venv/.dev .venv/.real
	@$(BIN)/python -m tests.lab

bench: .venv/.dev .venv/.peer .venv/.checker
	$(BIN)/python -m tests.bench

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 0 analytics/sql

# requirements.txt: what the function runs on, every package pinned and hashed.
lock: .venv/.dev
	$(BIN)/pip-compile --quiet --extra cloud --generate-hashes --strip-extras --upgrade --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--output-file requirements.txt pyproject.toml
	sed -i '1i # What the function runs on, every package pinned and hashed; the buildpack installs from this file.\n# Made from pyproject.toml by: make lock' requirements.txt

clean:
	rm -rf .venv

.venv/.base: requirements.txt
	$(PYTHON) -m venv .venv
	$(PIP) --requirement requirements.txt
	@touch $@

.venv/.desk: .venv/.base pyproject.toml
	$(PIP) --editable '.[desk]'
	@touch $@

.venv/.dev: .venv/.base pyproject.toml
	$(PIP) --editable '.[dev]'
	@touch $@ .venv/.desk

# Kept apart: their dependencies are those of real senders, not ours.
.venv/.real: .venv/.base
	$(PYTHON) -m venv .venv/sender
	.venv/sender/bin/python -m pip --disable-pip-version-check --quiet install \
		postfix-mta-sts-resolver==1.5.1 'aiodns<5' 'aiohttp<4'
	$(PYTHON) -m venv .venv/reporter
	.venv/reporter/bin/python -m pip --disable-pip-version-check --quiet install tlsrpt-reporter==0.6.0
	@touch $@

# Kept apart as well: what reports are read by elsewhere, to be measured beside ours.
.venv/.peer: .venv/.base
	$(PYTHON) -m venv .venv/peer
	.venv/peer/bin/python -m pip --disable-pip-version-check --quiet install parsedmarc==11.1.0
	@touch $@

# Kept apart too: another checker, to be compared with.
.venv/.checker: .venv/.base
	$(PYTHON) -m venv .venv/checker
	.venv/checker/bin/python -m pip --disable-pip-version-check --quiet install checkdmarc==6.0.4
	@touch $@

# What drives Debian's Chromium, and what looks there whether everybody can read the page.
.venv/.browser: .venv/.base
	$(PIP) playwright==1.65.2
	@if command -v npm >/dev/null; then \
		npm install --prefix .venv/browser --no-audit --no-fund --silent axe-core@4.14.1; \
	else \
		echo "no npm here: the tests with axe-core will be skipped"; \
	fi
	@touch $@

# A BigQuery emulator, kept apart for its Python and its DuckDB; it finds the extensions in this home.
.venv/.bigquery: .venv/.base
	@if [ -z "$(PYTHON313)" ]; then \
		echo "no Python 3.13 here: the tests on a BigQuery emulator will be skipped"; \
	else set -e; \
		"$(PYTHON313)" -m venv .venv/bigquery; \
		.venv/bigquery/bin/python -m pip --disable-pip-version-check --quiet install \
			local-bigquery==0.3.2 duckdb==1.5.5 duckdb-extensions==1.5.5 \
			duckdb-extension-ducklake==1.5.5 duckdb-extension-spatial==1.5.5 \
			duckdb-extension-icu==1.5.5 sqlglot==30.30.0; \
		HOME="$(CURDIR)/.venv/bigquery" .venv/bigquery/bin/python -c "from duckdb_extensions import \
			import_extension as i; [i(name) for name in ('ducklake', 'spatial', 'icu')]"; \
		touch $@; \
	fi
