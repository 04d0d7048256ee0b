"""Words in band descriptions: those for colours in the languages of exports, and those for what is no band at all."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_NUMBERED = re.compile(r"(?<![a-z0-9])(?:b|(?<!^)band) ?0?(?=[1-9])")  # "Band 4" alone is a number, not a name
_BETWEEN = re.compile(r"[_\-]+")


class Vocabulary:
    """`bands` holds, per word that products know, regular expressions of what stands for it; `others` those of what is
    no band of any product: indices, heights, quality flags, other polarisations."""

    def __init__(self, bands: Mapping[str, Iterable[str]], others: Iterable[str]):
        self._names = list(bands)
        groups = "|".join(f"(?P<w{i}>{'|'.join(bands[name])})" for i, name in enumerate(self._names))
        self._bands = _whole_words(rf"(?:{groups})(?: ?(?P<number>[0-9]{{1,2}}))?") if bands else None
        self._others = _whole_words("|".join(others)) if others else None
        self.plain = lru_cache(4096)(self._plain)

    def _plain(self, description: str) -> str:
        """In lower case and English, B04 as b4, "Red Edge 1" as rededge1; "" where it speaks of no band."""
        text = _NUMBERED.sub("b", _BETWEEN.sub(" ", description.lower()).strip())
        if self._others and self._others.search(text):
            return ""
        return self._bands.sub(self._word, text) if self._bands else text

    def speaks(self, description: str) -> bool:
        """Whether it says anything of what the band is."""
        text = _BETWEEN.sub(" ", description.lower())
        return any(pattern is not None and pattern.search(text) for pattern in (self._bands, self._others))

    def is_other(self, text: str) -> bool:
        """Whether it is the name of something that is no band, and nothing else: "ST_B10", "QA"."""
        return bool(self._others and self._others.fullmatch(_BETWEEN.sub(" ", text.lower())))

    def _word(self, match: re.Match[str]) -> str:
        name = next(self._names[int(key[1:])] for key, text in match.groupdict().items() if text and key != "number")
        return name + (match["number"] or "")


def _whole_words(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?<![a-z0-9])(?:{pattern})(?![a-z0-9])")
