# Aether. `make help` lists the targets.

SHELL := /bin/bash
CONFIGURATION ?= release
# Where `make run` keeps its state; empty: the default of aetherd (/var/lib/aether as root).
ROOT ?=
SWIFT := $(shell scripts/find-swift 2>/dev/null || echo swift)
BIN := .build/$(CONFIGURATION)
# A release carries Swift's run-time in itself: it runs where no Swift is installed, and a tenth faster.
BUILD_FLAGS := -c $(CONFIGURATION) $(if $(filter release,$(CONFIGURATION)),--static-swift-stdlib)
HELPER := .build/libexec/aether-init
export AETHER_PYTHON := $(CURDIR)/.build/venv/bin/python3
export AETHER_INIT := $(CURDIR)/$(HELPER)

.DEFAULT_GOAL := help
.PHONY: help setup build debug run test check test-sanitize bench fmt clean helper

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is missing (Debian packages, Python packages, Wasmtime); does nothing when all is there
	@scripts/setup

helper: $(HELPER)
$(HELPER): $(wildcard Sources/aether-init/*.c Sources/aether-init/*.h) scripts/build-init
	@scripts/build-init $@

build: setup helper ## Build everything (CONFIGURATION=release or debug)
	$(SWIFT) build $(BUILD_FLAGS) --product aetherd
	$(SWIFT) build $(BUILD_FLAGS) --product aether

run: build ## Build, start aetherd with every default, apply Examples/hello.yaml; Ctrl-C stops all of it
	@AETHER_ROOT="$(ROOT)" scripts/run $(BIN)

test: setup helper ## Run every test
	$(SWIFT) build --build-tests
	scripts/build-firmware
	scripts/build-wasm
	scripts/build-apps
	scripts/device-kernel
	scripts/test

check: setup ## Fast subset: layout, warnings as errors, tests of the pure modules
	scripts/check

test-sanitize: setup helper ## Run the tests under ThreadSanitizer and AddressSanitizer
	scripts/build-apps
	scripts/test-sanitize

bench: setup helper ## Run every benchmark; tables on the screen, figures in bench/results/
	scripts/bench all

bench-%: setup helper ## Run one benchmark: bench-net, bench-start, bench-store
	scripts/bench $*

fmt: ## Lay out all Swift sources
	$(SWIFT) format format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Firmware Web \
		SDK/apps/AppSDK.swift SDK/apps/swift/Guest.swift Examples/apps

clean: ## Remove everything that was built
	rm -rf .build
