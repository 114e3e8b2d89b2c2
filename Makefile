# Meson does the work; this file is the short way to it.
#   make         build/belljar and all that it starts, and the programs of the tests
#   make product what make install installs, without the programs of the tests
#   make run     install what is missing, build, serve   (DATA=DIR keeps the data)
#   make test    install what is missing, build, run all tests
#   make test-languages  install languages and run each in every way that matters   (LANGS="lua ruby" or "@core" for some)
#   make coverage  which lines ran, in boxes too; fails below the floors   (COVERAGE_FLAGS=--html)
#   make fuzz    SECONDS=60 of each fuzzer   (FUZZERS="guard native" for some)
#   make soak-jobs  JOBS=1000000 of them; nothing may grow
#   make soak    kill its processes at random moments for some minutes; nothing may be lost
BUILD ?= build
PREFIX ?= /usr/local
DATA ?=
SERVE_FLAGS ?=
SECONDS ?= 60
JOBS ?= 1000000

.PHONY: all product deps run test test-languages test-fresh test-vm test-docker soak soak-jobs fuzz coverage bench lint sanitize install clean docs

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

product: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet product

$(BUILD)/build.ninja: | deps-note
	@meson setup --prefix $(PREFIX) $(BUILD) >/dev/null || { meson setup --prefix $(PREFIX) $(BUILD); exit 1; }

.PHONY: deps-note
deps-note:
	@command -v meson >/dev/null 2>&1 || { echo "make: meson is not installed; 'make deps' (or 'make run') installs what is missing" >&2; exit 1; }

deps:
	@tools/deps build

run: deps
	@$(MAKE) --no-print-directory product
	@$(BUILD)/belljar serve --listen 127.0.0.1:2358 --listen-optional 127.0.0.1:2000 \
	    --listen-optional 127.0.0.1:3000 $(if $(DATA),--data $(DATA)) $(SERVE_FLAGS)

test:
	@tools/deps test
	@$(MAKE) --no-print-directory all
	@tools/run-tests --build $(BUILD) $(SUITES)

# As root: into a store of its own, below the build directory.
test-languages:
	@tools/deps test
	@$(MAKE) --no-print-directory all
	@BELLJAR_BUILD=$(abspath $(BUILD)) /usr/bin/python3 tests/languages/matrix.py $(MATRIX_FLAGS) $(LANGS)

test-fresh:
	@tools/deps fresh
	@tools/test-fresh

test-vm:
	@tools/deps vm
	@$(MAKE) --no-print-directory all
	@tests/vm/run --build $(BUILD)

# As root: a Docker daemon of its own, containers that are not privileged.
test-docker:
	@tools/deps docker
	@$(MAKE) --no-print-directory all
	@BELLJAR_BUILD=$(abspath $(BUILD)) /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider tests/docker

# The fault tests at length: processes killed at random moments under load.
soak:
	@tools/deps test
	@$(MAKE) --no-print-directory all
	@BELLJAR_BUILD=$(abspath $(BUILD)) /usr/bin/python3 tests/soak/soak.py $(SOAK_FLAGS)

# Many jobs: memory, descriptors, processes and cgroups at the half and at the end.
soak-jobs:
	@tools/deps test
	@$(MAKE) --no-print-directory all
	@BELLJAR_BUILD=$(abspath $(BUILD)) /usr/bin/python3 tests/soak/growth.py --jobs $(JOBS)

fuzz:
	@tools/deps fuzz
	@tests/fuzz/run --build $(BUILD)-fuzz --seconds $(SECONDS) $(FUZZERS)

coverage:
	@tools/deps coverage
	@tools/coverage --build $(BUILD)-coverage $(COVERAGE_FLAGS)

bench:
	@tools/deps bench
	@$(MAKE) --no-print-directory all
	@/usr/bin/python3 tests/bench/bench.py --build $(BUILD) $(BENCH_FLAGS)

lint:
	@tools/deps test
	@tools/lint --build $(BUILD)

# Every part that can carry them, with the address, undefined behaviour and thread sanitizers.
sanitize:
	@tools/deps test
	@tools/run-tests --build $(BUILD) --sanitize

docs: all
	@$(BUILD)/belljar docs options > docs/options.md
	@BELLJAR_BUILD=$(abspath $(BUILD)) /usr/bin/python3 tests/support/api_docs.py
	@/usr/bin/python3 tests/support/security_docs.py
	@/usr/bin/python3 tests/support/elsewhere_docs.py

# The prefix of this call counts, not that of the first one.
install: product
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@ninja -C $(BUILD) --quiet product
	@meson install -C $(BUILD) --no-rebuild

clean:
	@if [ -d $(BUILD) ]; then ninja -C $(BUILD) -t clean; fi
