# Shortcuts for people who work on lance-cpp; ./run is what users need.
#   make build | test [ONLY=layer] | lint | format | check | asan | tsan | bench | trials
ONLY ?=
PRESET ?= release

.PHONY: build test lint format check asan tsan bench trials
build:
	cmake --preset $(PRESET) >/dev/null
	cmake --build --preset $(PRESET)
test: build
	ctest --test-dir build/$(PRESET) --output-on-failure $(if $(ONLY),-R '^$(ONLY)',-L unit)
lint:
	python3 tools/lint_layers.py
format:
	bash tools/check_format.sh --fix
check: lint build
	bash tools/check_format.sh
	$(MAKE) test
asan tsan:
	cmake --preset $@ >/dev/null
	cmake --build --preset $@
	ctest --test-dir build/$@ --output-on-failure $(if $(ONLY),-R '^$(ONLY)',)
bench: build
	.venv/bin/python bench/run.py
# 200 kills, 5 minutes of mixed writers, random histories, 4 GB under a limit of memory: half an hour.
trials: build
	.venv/bin/python tests/trials/run.py --long
