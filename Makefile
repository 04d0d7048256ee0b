# Two environments, made on first use: .venv (engine, training, their tests) and .venv-qgis (sees the system's QGIS).
ENGINE = .venv/bin/python
QGIS = env PATH=/usr/bin:/bin:$$PATH QGIS_PLUGINPATH=$(CURDIR) .venv-qgis/bin/python

.PHONY: help demo test test-all lint bench plugin setup-engine setup-qgis clean

help:
	@echo "make demo      the sample scenes of five sensors through qgis_process, to demo/"
	@echo "make test      the fast tests, in the engine and in a real QGIS"
	@echo "make test-all  all tests"
	@echo "make lint      style, types, and the package by the rules of plugins.qgis.org"
	@echo "make bench     bare model against the whole pipeline"
	@echo "make plugin    dist/ofanet.zip, to install in QGIS"

setup-engine:
	@.ci/setup engine

setup-qgis:
	@.ci/setup qgis

demo: setup-engine setup-qgis
	@.ci/demo

test: setup-engine setup-qgis
	$(ENGINE) -m pytest tests --ignore=tests/plugin
	.ci/with-display $(QGIS) -m pytest tests/plugin

test-all: setup-engine setup-qgis
	$(ENGINE) -m pytest tests --ignore=tests/plugin --slow
	.ci/with-display $(QGIS) -m pytest tests/plugin

lint: setup-engine
	$(ENGINE) -m ruff check .
	$(ENGINE) -m ruff format --check .
	$(ENGINE) -m mypy
	$(ENGINE) .ci/check_plugin.py

bench: setup-engine
	@$(ENGINE) -m ofa_engine bench

plugin: setup-engine
	@$(ENGINE) .ci/package.py

clean:
	rm -rf .venv .venv-qgis demo dist build *.egg-info
