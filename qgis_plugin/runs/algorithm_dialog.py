"""The window of a Processing algorithm, filled in with what a panel shows."""

from qgis.core import QgsApplication


def known_parameters(algorithm_id: str, parameters: dict) -> dict:
    """Those that the algorithm has and that are not empty."""
    algorithm = QgsApplication.processingRegistry().algorithmById(algorithm_id)
    filled = {name: value for name, value in parameters.items() if value not in (None, "")}
    return {name: value for name, value in filled.items() if algorithm.parameterDefinition(name) is not None}


def algorithm_window(algorithm_id: str, parameters: dict):
    """Not shown yet; None where Processing knows no such algorithm. It deletes itself when it is closed."""
    from processing import createAlgorithmDialog  # a plugin of QGIS: there once all plugins are

    return createAlgorithmDialog(algorithm_id, parameters)
