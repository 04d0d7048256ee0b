"""What pip prints, as progress and as advice."""

import re
from collections.abc import Callable, Sequence

from ..i18n.texts import tr

Progress = Callable[[float | None, str], None]  # fraction done (None: unknown), what is being done


class PipProgress:
    """The fraction done, from the bytes of the expected download; unknown while packages are unpacked."""

    def __init__(self, expected_bytes: int, report: Progress):
        self._expected, self._report = expected_bytes, report
        self._before, self._now, self._file = 0, 0, ""

    def line(self, line: str) -> bool:
        """Takes a line of pip's; true where it is worth keeping in the log."""
        if match := re.fullmatch(r"Progress (\d+) of (\d+)", line):
            self._now, total = int(match[1]), int(match[2])
            fraction = (self._before + self._now) / max(self._expected, self._before + self._now)
            text = tr("Downloading {file}: {now} of {total} MB")
            self._report(0.05 + 0.85 * fraction, text.format(file=self._file, now=self._now >> 20, total=total >> 20))
            return False
        words = line.strip()
        if match := re.match(r"(?:Downloading|Using cached) (?:\S*/)?([A-Za-z0-9_.]+)-\S+", words):
            self._before, self._now, self._file = self._before + self._now, 0, match[1]
        elif match := re.match(r"Collecting (\S+)", words):
            self._report(None, tr("Looking for {package}").format(package=match[1]))
        elif words.startswith("Installing collected packages:"):
            count = words.count(",") + 1
            self._report(None, tr("Unpacking {count} packages; this takes minutes").format(count=count))
        return True


def why_it_failed(lines: Sequence[str], wheels: object = None) -> str:
    """What a failed step printed, as one line of advice; `wheels` is the folder it installed from, if from one."""
    text = "\n".join(lines)
    if "ensurepip" in text:
        return tr('This Python has no venv module: choose another, or install it ("sudo apt install python3-venv").')
    if "No space left" in text or "not enough space" in text:
        return tr("The disk is full: free some space and press Continue.")
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return tr(
            "The network's certificate is not trusted: ask your IT department for a pip.conf with its "
            "certificate, or install from a folder of wheels."
        )
    if re.search(r"ProxyError|407 Proxy|Cannot connect to proxy", text):
        return tr("The proxy refused: see Settings > Options > Network, or install from a folder of wheels.")
    if re.search(
        r"NameResolutionError|NewConnectionError|ConnectTimeout|ReadTimeout|Connection(Error| broken)|"
        r"Temporary failure in name|getaddrinfo",
        text,
    ):
        return tr("The network was not reached: check it and press Continue, or install from a folder of wheels.")
    if match := re.search(r"No matching distribution found for (\S+)", text):
        advice = tr("There is no {package} for this Python and system: choose another Python.")
        if wheels:
            advice = tr("The folder {folder} has no wheel of {package} for this Python and system.")
        return advice.format(folder=wheels, package=match[1])
    errors = [line for line in lines if "ERROR" in line or "Error" in line] or lines
    return errors[-1] if errors else tr("It printed nothing.")
