# Everything sets itself up: a virtual environment in .venv with the pinned requirements. Python 3.11 or newer.
# Works from any folder: make -C FOLDER, or make -f FOLDER/Makefile.
ROOT := $(patsubst %Makefile,%,$(lastword $(MAKEFILE_LIST)))
GO := cd "$(or $(ROOT),.)" &&
PYTHON ?= python3
PY := .venv/bin/python
READY := $(ROOT).venv/ready
BENCH_READY := $(ROOT).venv-bench/ready

.PHONY: run test test-long reliability check bench migrate psql db-uri serve worker admin-password admin-token clean
.DEFAULT_GOAL := run

# Always the embedded server and the shipped input, whatever .env or the environment say.
run: $(READY)
	@$(GO) DATABASE_URI=embedded REDIS_URL=none $(PY) scripts/cache_maintenance/refresh.py monthly --holdings-dir holdings

# Side by side: each process has a server, a Redis and a browser of its own. More than four get in each other's way.
PARALLEL := -n logical --maxprocesses 4 --dist worksteal

test: $(READY)
	$(GO) $(PY) -m pytest -m "not slow" $(PARALLEL)

test-long: $(READY)
	$(GO) $(PY) -m pytest

# The fault campaign, all of it or PERCENT of it. What failed once is repeated with SEED=N.
reliability: $(READY)
	$(GO) $(PY) -m pytest tests/reliability --campaign $(or $(PERCENT),100) $(if $(SEED),--seed $(SEED))

check: $(READY)
	$(GO) .venv/bin/ruff check . && .venv/bin/mypy && $(PY) scripts/dev_tools/check_secrets.py

bench: $(READY) $(BENCH_READY)
	$(GO) $(PY) -m benchmarks.bench

migrate: $(READY)
	@$(GO) $(PY) scripts/maintenance/migrate.py

psql: $(READY)
	@$(GO) $(PY) scripts/maintenance/psql.py

db-uri: $(READY)
	@$(GO) $(PY) scripts/maintenance/db_uri.py

# The admin application, until Ctrl-C.
serve: $(READY)
	@$(GO) exec $(PY) scripts/maintenance/serve.py

# A worker for the jobs that load historical bars, until Ctrl-C.
worker: $(READY)
	@$(GO) exec $(PY) scripts/maintenance/worker.py

admin-password: $(READY)
	@$(GO) $(PY) scripts/maintenance/admin_password.py

admin-token: $(READY)
	@$(GO) $(PY) scripts/maintenance/admin_token.py

clean:
	$(GO) rm -rf .venv .venv-bench .mypy_cache .ruff_cache .hypothesis

$(READY): $(ROOT)requirements.txt $(ROOT)pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setting up .venv (once, about a minute) ..." >&2
	@$(GO) $(PYTHON) -m venv .venv || \
		{ echo "error: $(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(GO) .venv/bin/pip install -qq --disable-pip-version-check -r requirements.txt
	@touch $@

# What the benchmarks compare with, apart from the suite's own pins. They also run where it cannot be installed.
$(BENCH_READY): $(ROOT)requirements-bench.txt
	@echo "setting up .venv-bench (once, about a minute) ..." >&2
	@$(GO) $(PYTHON) -m venv .venv-bench
	@$(GO) if .venv-bench/bin/pip install --quiet --disable-pip-version-check -r requirements-bench.txt; \
		then touch .venv-bench/ready; else echo "dlt cannot be installed: its figure is left out" >&2; fi
