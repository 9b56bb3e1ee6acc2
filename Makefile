# `make run` and `make test` do all set-up themselves; a second time it takes less than a second.

PYTHON = .venv/bin/python
SETUP = python=$$(sh tools/setup/python.sh) && "$$python" -m tools.setup
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

.PHONY: help run test test-board bench-firmware bench-gateway bench-hil bench-ledger setup setup-test cometbft proto lint lock clean

help:
	@echo "make run             set up and start the demo island"
	@echo "make test            set up and run all tests"
	@echo "make test-board      only the portable tests on an emulated 32-bit board"
	@echo "make bench-firmware  measure the firmware; one figure a line: name value unit"
	@echo "make bench-gateway   measure the gateway; one figure a line: name value unit"
	@echo "make bench-hil       measure the rig; one figure a line: name value unit"
	@echo "make bench-ledger    measure the ledger; one figure a line: name value unit"
	@echo "make setup           only what make run needs"
	@echo "make cometbft        build the pinned CometBFT, the engine of ledgers with several shadow centres; needs Go"
	@echo "make lint            linters and strict type checks"
	@echo "make lock            choose and lock the newest versions of all Python packages"
	@echo "make clean           remove everything that set-up and tests left in this folder"

run: setup
	@exec .venv/bin/skerry demo

# Most tests wait for other processes, so two of them run at once; a file's tests stay together.
test: setup-test
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m "not paced"
	@$(PYTHON) -m pytest -m paced

test-board: setup-test
	@$(PYTHON) -m pytest tests/board

bench-hil: setup-test
	@$(PYTHON) -m tools.bench_hil

bench-ledger: setup-test
	@$(PYTHON) -m tools.bench_ledger

bench-gateway: setup-test
	@$(PYTHON) -m tools.bench_gateway

bench-firmware: setup-test
	@$(PYTHON) -m tools.bench_firmware

setup:
	@$(SETUP) run

setup-test:
	@$(SETUP) test

cometbft:
	@$(SETUP) cometbft

# After a change of the .proto file.
proto: setup-test
	$(PYTHON) -m grpc_tools.protoc -I blockchain_iface/cometbft --python_out=blockchain_iface/cometbft --pyi_out=blockchain_iface/cometbft abci.proto

lint: setup-test
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy --config-file firmware/mypy.ini

# The development lock first: the runtime lock holds the same versions, so tests try what runs.
lock: setup-test
	rm -f requirements.txt requirements-dev.txt requirements-stubs.txt
	$(COMPILE) pyproject.toml --group build --group dev --output-file requirements-dev.txt
	$(COMPILE) pyproject.toml --group build --constraint requirements-dev.txt --output-file requirements.txt
	$(COMPILE) --group stubs --output-file requirements-stubs.txt

clean:
	rm -rf .venv .skerry .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
