# `make app` and `make test` do everything on a fresh machine with Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= runs/tiny

.PHONY: app screenshots test train-tiny setup lint clean

app: $(VENV)/.app
	$(BIN)/adamml app

screenshots: $(VENV)/.dev
	$(BIN)/python assets/take_screenshots.py

test: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy docs/client_example.py
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# All training stages on clips that it generates itself, in a few minutes.
train-tiny: $(VENV)/.dev
	$(BIN)/python -m adamml.training.tiny --out $(OUT)

setup: $(VENV)/.dev

lint: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.app: requirements.txt pyproject.toml
	@echo "Setting up $(VENV): PyTorch and the rest take a few minutes, once."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[app,export]'
	touch $@

$(VENV)/.dev: requirements.txt pyproject.toml
	@echo "Setting up $(VENV) with what tests and training need: a few minutes, once."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[app,export,train,mcp,dev]'
	touch $@ $(VENV)/.app

# Resolves what is needed anew, for every system and Python from 3.11 on, and asks for known weaknesses of the result.
# Ray is left to the cluster that it joins, which has a version of its own.
.PHONY: lock audit
lock: $(VENV)/.lock
	( sed '/^[^#]/Q' requirements.lock; $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  $(addprefix --extra ,app batch export mcp train) pyproject.toml ) > requirements.lock.part
	mv requirements.lock.part requirements.lock

audit: $(VENV)/.lock
	$(VENV)/lock/bin/pip-audit --require-hashes --disable-pip -r requirements.lock

$(VENV)/.lock:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv pip-audit
	touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .ruff_cache .mypy_cache *.egg-info

# HF_TOKEN=... make space SPACE=owner/name [MODEL=owner/repo]: uploads what git tracks to a Hugging Face Space.
.PHONY: space space-check
space: $(VENV)/.app
	$(BIN)/python -m adamml.weights.space_upload $(SPACE) $(addprefix --model ,$(MODEL))

# Builds a clean environment exactly as a Space does, runs the page in it, and prints start-up time and memory;
# LOCKED=1: as the Dockerfile does.
space-check: $(VENV)/.dev
	$(BIN)/python -m benchmarks.space_check $(if $(LOCKED),--locked)
