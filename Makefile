# Everything a newcomer needs: `make demo` and `make test`. Only python3 (3.11 or newer) and git must be there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
KIT    := examples/embed/node
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: demo test test-slow check venv gallery bench clean

demo: $(VENV)/.installed            ## train, evaluate, report and export on the embedded sample
	$(BIN)/gan run medical-augment --out runs/demo --force

test: $(VENV)/.installed-test $(KIT)/node_modules/.package-lock.json check ## static checks, then the whole fast suite
	$(BIN)/python -m pytest -n 2

test-slow: $(VENV)/.installed-test  ## the long training checks
	$(BIN)/python -m pytest -m slow --timeout 3600

check: $(VENV)/.installed-test      ## ruff, mypy strict, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

venv: $(VENV)/.installed-test

gallery: $(VENV)/.installed         ## every architecture on the same digits; hours, and it goes on where it stopped
	$(BIN)/python benchmarks/gallery.py --jobs 2

bench: $(VENV)/.installed
	@for script in medical gallery modes stacked_mnist step engine export compress headroom tabular super_resolution translation translation_runs; do \
	    $(BIN)/python benchmarks/$$script.py --help || exit 1; done

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV) (a few minutes the first time) ..."
	$(PIP) -e '.[all]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[all,prune,sign,private,test]'
	@touch $@

# the tests of web pages and of the Node.js kit are skipped where this cannot be had
$(KIT)/node_modules/.package-lock.json: $(KIT)/package-lock.json
	@cd $(KIT) && npm ci --ignore-scripts --no-audit --no-fund --silent --fetch-retries=1 2> /dev/null \
	    && touch node_modules/.package-lock.json \
	    || echo "npm is absent or cannot install onnxruntime-web: the tests that need it are skipped"

clean:
	rm -rf $(VENV) $(KIT)/node_modules runs .mypy_cache .ruff_cache .pytest_cache
