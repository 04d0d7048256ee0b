"""The environment in which the engine's process runs."""

import os

from qgis_plugin.engine.child import clean_environment


def test_clean_environment_drops_foreign_names_and_folders():
    path = os.pathsep.join(["/usr/bin", "/opt/QGIS 3.40/bin", "/bin"])
    environ = {
        "PATH": path,
        "PYTHONHOME": "x",
        "GDAL_DATA": "x",
        "LD_LIBRARY_PATH": "x",
        "PIP_INDEX_URL": "x",
        "VIRTUAL_ENV": "x",
        "HOME": "/home/me",
    }
    assert clean_environment(environ) == {"PATH": os.pathsep.join(["/usr/bin", "/bin"]), "HOME": "/home/me"}
