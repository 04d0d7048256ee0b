"""The folder of the user's own heads and checkpoints in the QGIS profile.

QGIS and the engine find it through $OFANET_MODELS; folders that the user named there come before it.
"""

import os
from pathlib import Path

from qgis.core import QgsApplication

_VARIABLE = "OFANET_MODELS"


def models_dir() -> Path:
    """Created when something is written to it."""
    return Path(QgsApplication.qgisSettingsDirPath()).absolute() / "ofanet" / "models"


def announce():
    """From now on models in the folder are found, also by an engine that is started later."""
    if str(models_dir()) not in _named():
        os.environ[_VARIABLE] = os.pathsep.join([*_named(), str(models_dir())])


def withdraw():
    left = [folder for folder in _named() if folder != str(models_dir())]
    if left:
        os.environ[_VARIABLE] = os.pathsep.join(left)
    else:
        os.environ.pop(_VARIABLE, None)


def _named() -> list[str]:
    return [folder for folder in os.environ.get(_VARIABLE, "").split(os.pathsep) if folder]


def new_head() -> Path:
    """A file name that is not taken yet, so that a new head replaces none."""
    name, number = "my_head", 2
    while (models_dir() / f"{name}.safetensors").exists():
        name, number = f"my_head_{number}", number + 1
    return models_dir() / f"{name}.safetensors"
