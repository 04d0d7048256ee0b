# Two environments, made on first use: .venv (engine, training, their tests) and .venv-qgis (sees the system's QGIS).
ENGINE = .venv/bin/python
QGIS = env PATH=/usr/bin:/bin:$$PATH QGIS_PLUGINPATH=$(CURDIR) .venv-qgis/bin/python

.PHONY: help demo test test-engine test-plugin test-all lint bench docs plugin setup-engine setup-qgis clean

help:
	@echo "make demo      the sample scenes of five sensors through qgis_process, to demo/"
	@echo "make test      the fast tests, in the engine and in a real QGIS"
	@echo "make test-all  all tests, with coverage"
	@echo "make lint      style, types, import contracts, and the package by the rules of plugins.qgis.org"
	@echo "make bench     bare model against the whole pipeline"
	@echo "make docs      the documentation as a site, in site/"
	@echo "make plugin    dist/ofanet.zip, to install in QGIS"

setup-engine:
	@.ci/setup engine

setup-qgis:
	@.ci/setup qgis

demo: setup-engine setup-qgis
	@.ci/demo

test: test-engine test-plugin

test-engine: setup-engine
	$(ENGINE) -m pytest tests --ignore=tests/plugin

test-plugin: setup-engine setup-qgis
	.ci/with-display $(QGIS) -m pytest tests/plugin

test-all: setup-engine setup-qgis
	$(ENGINE) -m pytest tests --ignore=tests/plugin --slow --cov=ofa_engine --cov=training --cov-report=term:skip-covered
	.ci/with-display $(QGIS) -m pytest tests/plugin --cov=qgis_plugin --cov-report=term:skip-covered

lint: setup-engine
	$(ENGINE) -m ruff check .
	$(ENGINE) -m ruff format --check .
	$(ENGINE) -m mypy
	.venv/bin/lint-imports setup.cfg
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(ENGINE) .ci/check_plugin.py

docs: setup-engine
	@$(ENGINE) -m pip install -q -e '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(ENGINE) -m mkdocs build -q --strict
	@echo "site/index.html"

bench: setup-engine
	@$(ENGINE) -m ofa_engine bench

plugin: setup-engine
	@$(ENGINE) .ci/package.py

clean:
	rm -rf .venv .venv-qgis demo dist build site *.egg-info
