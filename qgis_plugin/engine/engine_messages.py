"""What the engine says, in the words of the plugin: where it names an option, the title of the option's field."""

from ..i18n.texts import ALGORITHMS, FIELDS
from .modules import messages


def with_field_titles(message: str) -> str:
    """The message, of an error, a log line or a detection, with fields and algorithms where it marks options and verbs.

    Args:
        message: a `Message` of the engine, or the marked text that its process sends; other text stays as it is.
    """
    return messages.render(getattr(message, "marked", message), _field, _algorithm, between=", ")


def _field(name: str, value: str) -> str:
    return f'"{FIELDS.get(name, name)}"' + (f" {value}" if value else "")


def _algorithm(verb: str) -> str:
    return f'"{ALGORITHMS.get(verb, verb)}"'
