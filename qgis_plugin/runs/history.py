"""A run in Processing's history, from where it can be run again, changed, or copied as Python or as a command."""

from qgis.gui import QgsGui

_PROVIDER = "processing"


class HistoryEntry:
    """As Processing's own window makes it, so that Processing > History opens both in the same way."""

    def __init__(self, algorithm, parameters: dict, context):
        self._details = {
            "python_command": algorithm.asPythonCommand(parameters, context),
            "algorithm_id": algorithm.id(),
            "parameters": algorithm.asMap(parameters, context),
        }
        command, known = algorithm.asQgisProcessCommand(parameters, context)
        if known:
            self._details["process_command"] = command
        self._id, self._stored = QgsGui.historyProviderRegistry().addEntry(_PROVIDER, self._details)
        QgsGui.instance().processingRecentAlgorithmLog().push(algorithm.id())

    def finish(self, results: dict, log: str):
        """`log` is HTML."""
        if self._stored:
            self._details |= {"results": results, "log": log}
            QgsGui.historyProviderRegistry().updateEntry(self._id, self._details)
