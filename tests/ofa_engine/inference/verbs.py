"""Calls of verbs, and what they leave."""

import rasterio

from ofa_engine.core.options import TYPES
from ofa_engine.inference.runner import RunLimits


def run(verb, path, tmp_path, name="out.tif", limits=RunLimits(), **more):
    return verb(TYPES[verb.__name__](str(path), str(tmp_path / name), **more), limits=limits)


def read(path):
    with rasterio.open(path) as d:
        return d.read(1), d.profile, d.tags(ns="OFANET")


def leftovers(folder):
    return [p.name for p in folder.iterdir() if ".part" in p.name or p.name.startswith(".")]
