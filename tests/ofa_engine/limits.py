"""Limits that make several stripes of a small raster, and a journal of a short run."""

from ofa_engine.inference.runner import RunLimits
from ofa_engine.pipeline.journal import JournalLimits
from ofa_engine.tiling.plan import PlanLimits

EAGER = JournalLimits(every_s=0.0)  # each finished row of tiles goes to the disk
NARROW = RunLimits(plan=PlanLimits(stripe_bytes=2**19, few_tiles=1), journal=EAGER)
