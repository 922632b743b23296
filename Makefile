# What can be done here. `make` lists it.

SEEDS ?= 2000
MINUTES ?= 2
DATA ?= ./demo-data
SECONDS ?= 60
FUZZ_TARGET ?= request_key
FUZZ_LENGTH ?= 4096
# One decoder of the target originals, and folders of further seeds.
FUZZ_FORMAT ?=
FUZZ_SEEDS ?=
TARGET := $(or $(CARGO_TARGET_DIR),target)
PENTIMENTO := $(TARGET)/release/pentimento

.PHONY: help setup build demo test check bench bench-cache bench-images bench-purge goldens broken-pictures sim torture conformance fuzz fuzz-all test-aarch64 clean-demo

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what the build needs, if it is missing
	@scripts/setup

build: ## Build the binary: target/release/pentimento
	cargo build --release -p pentimento

demo: setup build ## Build if need be, and run a node with a source of its own pictures
	$(PENTIMENTO) demo --data $(DATA)

test: ## Install what the tests need, and run all of them
	@scripts/setup
	@scripts/setup-tests
	@if cargo nextest --version >/dev/null 2>&1; then \
		echo cargo nextest run --workspace; PENTIMENTO_BROWSER_STORY=1 cargo nextest run --workspace && \
		cargo nextest run -p listener --features http3 --test http3 && \
		cargo nextest run -p transform -p render-worker -p pentimento --features pentimento/background-removal,pentimento/heic --lib --test backgrounds --test heic --test stories; \
	else \
		echo cargo test --workspace; PENTIMENTO_BROWSER_STORY=1 cargo test --workspace && \
		cargo test -p listener --features http3 --test http3 && \
		cargo test -p transform -p render-worker -p pentimento --features pentimento/background-removal,pentimento/heic --lib --test backgrounds --test heic --test stories; \
	fi
	@# They are run by hand, and would fall behind the crates unnoticed.
	cargo check --quiet --manifest-path fuzz/Cargo.toml --target-dir $(TARGET)

check: ## Format, lints, and the rules of the house
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p transform --no-default-features --all-targets -- -D warnings
	cargo clippy -p listener -p pentimento --features listener/http3,pentimento/http3 --all-targets -- -D warnings
	cargo clippy -p transform -p pentimento --features pentimento/background-removal,pentimento/heic --all-targets -- -D warnings
	cargo xtask tidy

bench: ## What a purge costs where it matters
	cargo bench -p purge-protocol

bench-cache: setup build ## What a hit costs, beside nginx and Varnish
	@scripts/setup-bench
	cargo run --release -p bench-cache -- --binary $(PENTIMENTO) --out $(TARGET)/bench-cache

bench-images: setup ## What a derivative costs, beside sharp, Pillow and libvips; ARGS="--only jpeg-300 --rounds 5" for some of it
	@scripts/setup-bench-images
	cargo run --release -p bench-images -- --out $(TARGET)/bench-images $(ARGS)

bench-purge: setup build ## What a purge costs, in a cluster of eight; ARGS="--only singly,dead" for some of it
	cargo run --release -p bench-purge -- --binary $(PENTIMENTO) --out $(TARGET)/bench-purge $(ARGS)

PHOTOGRAPHS ?= $(wildcard ../shared/data/images/Landscape_1.jpg ../shared/data/images/p6.jpg ../shared/data/images/Portrait_3.jpg)
goldens: setup ## Every documented operation on photographs, to look at: target/goldens/index.html
	cargo run --release -p transform --example contact_sheet -- $(TARGET)/goldens $(PHOTOGRAPHS)

BROKEN ?= .tools/broken-pictures
broken-pictures: setup ## Pictures that others test with, many of them broken on purpose, through the engine; ARGS="--mutations 50" for more of each
	@if [ "$(BROKEN)" = .tools/broken-pictures ]; then scripts/setup-broken-pictures; fi
	cargo run --release -p transform --example broken_pictures -- $(ARGS) $(BROKEN)

sim: ## The purge protocol under faults: make sim SEEDS=100000
	cargo xtask sim --seeds $(SEEDS)

torture: build ## Real processes under faults, with a report: make torture MINUTES=10 SEED=7
	cargo torture --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) --binary $(PENTIMENTO) --folder $(TARGET)/torture

conformance: build ## The public HTTP cache test suite against a node; PEERS=1: nginx and Varnish beside it
	@scripts/setup-tests
	@if [ -n "$(PEERS)" ]; then scripts/install nginx varnish; fi
	node tests/conformance/run.mjs --binary $(PENTIMENTO) $(if $(PEERS),--peers)

# Coverage for libFuzzer, by flags that the stable compiler takes.
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares

FUZZ_RUN = RUSTFLAGS="$(FUZZ_FLAGS)" cargo run --release --target $$(rustc --print host-tuple)
FUZZ_FOUND = found/$(FUZZ_TARGET)$(FUZZ_FORMAT:%=-%)

fuzz: ## One parser under libFuzzer: make fuzz FUZZ_TARGET=request_key SECONDS=60; of originals, one decoder: FUZZ_FORMAT=tiff
	cd fuzz && mkdir -p $(FUZZ_FOUND) && FUZZ_FORMAT=$(FUZZ_FORMAT) $(FUZZ_RUN) --bin $(FUZZ_TARGET) -- -max_total_time=$(SECONDS) \
		-max_len=$(FUZZ_LENGTH) -timeout=60 -artifact_prefix=found/ $(FUZZ_FOUND) corpus/$(FUZZ_TARGET) $(abspath $(FUZZ_SEEDS))

FUZZ_TEXTS := request_key http_caching dialect purge_names drawings
FUZZ_PICTURES := jpeg_scaled moving profiles metadata
FUZZ_DECODERS := jpeg png webp avif heic gif tiff bmp ico jxl svg pdf

AARCH64 = aarch64-unknown-linux-gnu
test-aarch64: ## The engine's tests on aarch64, in QEMU
	@scripts/setup-aarch64
	CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
		CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" \
		cargo test --target $(AARCH64) -p jpeg-scaled -p transform --lib --test formats --test orientation --test planes

fuzz-all: ## Every parser and every decoder under libFuzzer, one after the other: make fuzz-all SECONDS=300
	@set -e; for target in $(FUZZ_TEXTS); do $(MAKE) fuzz FUZZ_TARGET=$$target; done; \
		for target in $(FUZZ_PICTURES); do $(MAKE) fuzz FUZZ_TARGET=$$target FUZZ_LENGTH=16384; done; \
		for format in $(FUZZ_DECODERS); do $(MAKE) fuzz FUZZ_TARGET=originals FUZZ_FORMAT=$$format FUZZ_LENGTH=32768; done

clean-demo: ## Forget everything that the demo keeps
	rm -rf $(DATA)
