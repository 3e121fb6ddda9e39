# SPDX-License-Identifier: Apache-2.0
# Every target is a thin wrapper; the scripts work by themselves too.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench soak fuzz clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing from Debian (asks nothing)
	@scripts/setup.sh

demo: ## set up, build, run the earthquake pipeline and show what came of it
	@scripts/demo.sh

test: ## set up, build (release) and run every test
	@scripts/test.sh

lint: ## clang-format, clang-tidy, module arrows, file sizes, scripts
	@scripts/lint.sh

bench: ## cost per stage on the order workload
	@scripts/bench.sh

soak: ## the long versions of the tests
	@scripts/soak.sh

fuzz: ## every fuzz target for a minute
	@scripts/fuzz.sh

clean: ## remove everything built
	rm -rf build .cache demo-out
