"""The engine's standard-library modules, and the place of everything that the plugin brings along.

In the zip, ofa_engine/ and resources/ lie inside the plugin's folder; in the repository, beside it.
Only what needs nothing but the standard library may be imported inside QGIS: the rest of the engine needs torch.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent  # the plugin's folder
PACKAGED = (_HERE / "ofa_engine").is_dir()
ROOT = _HERE if PACKAGED else _HERE.parent

if PACKAGED:
    from ..ofa_engine.core import catalog, errors, sensors
    from ..ofa_engine.core import classes as colors
    from ..ofa_engine.core.version import __version__ as VERSION
else:
    if str(ROOT) not in sys.path:  # last, so that it hides nobody's module
        sys.path.append(str(ROOT))
    from ofa_engine.core import catalog, errors, sensors
    from ofa_engine.core import classes as colors
    from ofa_engine.core.version import __version__ as VERSION

ENGINE_ENTRY = ROOT / "ofa_engine" / "__main__.py"
ICON = ROOT / "resources" / "icons" / "ofanet.svg"

__all__ = ["ENGINE_ENTRY", "ICON", "PACKAGED", "ROOT", "VERSION", "catalog", "colors", "errors", "sensors"]
