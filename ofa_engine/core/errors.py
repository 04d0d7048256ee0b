"""Errors of the engine. Each carries one line for the user: what was expected, what was found, what to do."""

from .messages import Message


class OfaError(Exception):
    """Something broke on the way (exit code 3).

    `str(error)` is the line in the command line's words. `error.message.marked` has its options marked, for other
    interfaces and for errors that quote this one; `error.message.field` is the option it speaks of.
    """

    exit_code = 3

    def __init__(self, message: str):
        self.message = Message(message)
        super().__init__(self.message)


class InputError(OfaError):
    """The user's input or arguments cannot be used (exit code 2)."""

    exit_code = 2


class SensorError(InputError):
    """The raster's sensor is not known, or is ambiguous unless the user names it."""


class RasterError(InputError):
    """A raster cannot be opened, or holds nothing that can be used."""


class ModelFileError(InputError):
    """A checkpoint or head cannot be read, or does not fit the other or the sensor."""


class OutputError(InputError):
    """An output cannot be written at that place."""


class Cancelled(OfaError):
    """The user cancelled (exit code 130). No output is left behind."""

    exit_code = 130

    def __init__(self, message: str = "cancelled"):
        super().__init__(message)
