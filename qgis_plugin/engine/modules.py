"""The one place that imports `ofa_engine.core`, the engine's modules that need nothing but the standard library; and
where the files are that the plugin brings along.

In the zip, ofa_engine/ and resources/ lie inside the plugin's folder; in the repository, next to it. Nothing else of
the engine may be imported inside QGIS: it needs torch.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

_HERE = Path(__file__).resolve().parent.parent  # the plugin's folder
PACKAGED = (_HERE / "ofa_engine").is_dir()
ROOT = _HERE if PACKAGED else _HERE.parent

if PACKAGED and not TYPE_CHECKING:  # types are checked in the repository
    from ..ofa_engine.core import catalog, errors, files, messages, model_cost, options, partial_names, sensors
    from ..ofa_engine.core import classes as colors
    from ..ofa_engine.core.results import MappedClass, MapResult
    from ..ofa_engine.core.version import __version__ as VERSION
else:
    if str(ROOT) not in sys.path:  # last, so that it hides nobody's module
        sys.path.append(str(ROOT))
    from ofa_engine.core import catalog, errors, files, messages, model_cost, options, partial_names, sensors
    from ofa_engine.core import classes as colors
    from ofa_engine.core.results import MappedClass, MapResult
    from ofa_engine.core.version import __version__ as VERSION

ENGINE_ENTRY = ROOT / "ofa_engine" / "__main__.py"
ICON = ROOT / "resources" / "icons" / "ofanet.svg"

__all__ = [
    "ENGINE_ENTRY",
    "ICON",
    "PACKAGED",
    "ROOT",
    "VERSION",
    "MapResult",
    "MappedClass",
    "catalog",
    "colors",
    "errors",
    "files",
    "messages",
    "model_cost",
    "options",
    "partial_names",
    "sensors",
]
