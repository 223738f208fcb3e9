# `make help` lists what there is.

SWIFT ?= swift
# Packages are resolved from the network or a mirror only when they are missing or Package.swift has changed.
BUILD_FLAGS ?=
SEEDS ?= 2000
VECTORS ?= Tests/ConformanceTests/Vectors
# Where `make run` keeps the journal (`make cluster`: all data, ./data-cluster), and further flags for `convey serve`.
DATA ?= ./data
FLAGS ?=

# `make chaos`: how long, CLUSTER=1 for several nodes on PostgreSQL, the seed of an earlier run, and words in the names of the attacks to run.
MINUTES ?= 30
CLUSTER ?=
CHAOS = .build/test-python/bin/python Tests/Chaos/chaos.py $(if $(ONLY),--only "$(ONLY)")

# `make bench`: QUICK=1 for a short run, ONLY for some scenarios, BASELINE for results to compare with, further flags.
QUICK ?=
ONLY ?=
BASELINE ?=
BENCH_FLAGS ?=

FORMATTED = Sources Benchmarks Tests Package.swift

.DEFAULT_GOAL := help
.PHONY: help run cluster build test test-python test-browser unit broker-check conformance simulate chaos bench format lint install \
	install-postgresql clean man docs static deb test-deb install-service

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Install missing Debian packages (as root or with sudo) and check for Swift
	@scripts/install-debian.sh

install-postgresql: ## The same, with PostgreSQL, for the tests and `make cluster`
	@scripts/install-debian.sh postgresql

build: ## Build the release binary, .build/release/convey
	@scripts/build-progress.sh .build $(SWIFT) build -c release --product convey $(BUILD_FLAGS)

run: install build ## Run Convey with a broker of its own; prints commands to try [DATA=./data FLAGS=...]
	@DATA="$(DATA)" scripts/run.sh .build/release/convey $(FLAGS)

cluster: install-postgresql build ## Run three nodes with PostgreSQL and a broker; prints what to try [DATA=./data-cluster FLAGS=...]
	@DATA="$(if $(filter file,$(origin DATA)),./data-cluster,$(DATA))" scripts/cluster.sh .build/release/convey $(FLAGS)

test: install-postgresql test-python test-browser broker-check simulate ## Run every test, from a fresh clone to a verdict
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	# Each attack once, about three minutes, always with the same draws.
	$(CHAOS) --convey .build/debug/convey --short --seed $(if $(SEED),$(SEED),1)
	# The same with two nodes on PostgreSQL, about a minute.
	$(CHAOS) --convey .build/debug/convey --cluster --short --seed $(if $(SEED),$(SEED),1)
	# One after another: tests that block would starve those with time-outs on a machine with few cores.
	$(SWIFT) test --no-parallel $(BUILD_FLAGS)

man: build ## Make the man pages, .build/man
	scripts/generate-manual.py .build/release/convey .build/man

docs: build ## Write the tables of settings in docs/CONFIGURATION.md
	scripts/generate-settings.sh .build/release/convey docs/CONFIGURATION.md

static: install ## Build .build-static/release/convey, which holds the Swift runtime
	@scripts/build-progress.sh .build-static $(SWIFT) build -c release --product convey --static-swift-stdlib \
		--scratch-path .build-static $(BUILD_FLAGS)

deb: static ## Build the Debian package, .build/deb/convey_*.deb
	@scripts/build-deb.sh .build-static/release/convey .build/deb

test-deb: deb ## Install, start and remove the package in a clean Debian (as root, with debootstrap)
	scripts/test-deb.sh .build/deb/convey_*.deb

install-service: static ## Install this Convey as a systemd service (as root or with sudo)
	scripts/install-service.sh .build-static/release/convey

test-python: install ## Make the Python environment of the tests, .build/test-python
	scripts/test-python.sh

test-browser: install ## Install the browser of the tests; where that is not possible they are skipped
	scripts/install-browser.sh

broker-check: install ## Check the broker configurations with a real mosquitto
	broker/check.sh

conformance: ## Run the reference vectors [VECTORS=DIR]
	$(SWIFT) run -c release conformance $(VECTORS)

simulate: ## Run seeded simulations of crashes and faults [SEEDS=2000] [SEED=one seed]
	$(SWIFT) run -c release $(BUILD_FLAGS) simulate $(if $(SEED),--seed $(SEED),$(SEEDS))

chaos: $(if $(CLUSTER),install-postgresql,install) test-python build ## Attack a whole Convey for long [MINUTES=30 CLUSTER=1 SEED=n ONLY="power cuts"]
	$(CHAOS) --convey .build/release/convey $(if $(CLUSTER),--cluster) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

bench: install build ## Measure Convey against the bare broker [QUICK=1 ONLY=ingest BASELINE=file]; adds to .build/bench.jsonl
	$(SWIFT) build -c release --product bench $(BUILD_FLAGS)
	.build/release/bench --json .build/bench.jsonl $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) \
		$(if $(BASELINE),--baseline $(BASELINE)) $(BENCH_FLAGS)

format: ## Format the sources
	$(SWIFT) format format --in-place --recursive $(FORMATTED)

lint: ## Check the format of sources and scripts
	$(SWIFT) format lint --strict --recursive $(FORMATTED)
	@if command -v shellcheck >/dev/null 2>&1; then shellcheck scripts/*.sh broker/*.sh packaging/debian/p* .ci/run; \
	else echo "shellcheck is not installed: scripts not checked"; fi
	@if command -v node >/dev/null 2>&1; then node --check Sources/ConveyHTTP/Page/Assets/page.js; \
	else echo "node is not installed: the page's script not checked"; fi

clean: ## Remove what was built (not the journal in ./data)
	rm -rf .build .build-static
