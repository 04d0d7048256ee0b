"""One map in the project: what the engine answered, under the title of its group of layers."""

import uuid
from dataclasses import dataclass, field

from ..engine.modules import MapResult
from ..i18n.texts import tr

KIND_PROPERTY, RUN_PROPERTY = "ofanet/kind", "ofanet/run"  # custom properties of a layer and of a group
CLASSES, POLYGONS, CONFIDENCE = "classes", "polygons", "confidence"
KINDS = (CLASSES, POLYGONS, CONFIDENCE)  # of its layers, from the top of the group to its bottom


@dataclass(frozen=True)
class MapRun:
    title: str
    result: MapResult
    id: str = field(default_factory=lambda: uuid.uuid4().hex)  # two runs with one title are two groups

    def layers(self) -> list[tuple[str, str | None, str]]:
        """Kind, path (None where it was not written) and name of each layer."""
        return [
            (CLASSES, self.result.output, self.title),
            (POLYGONS, self.result.polygons, tr("Polygons: {title}").format(title=self.title)),
            (CONFIDENCE, self.result.confidence, tr("Confidence: {title}").format(title=self.title)),
        ]


def map_title(layer_name: str, head_name: str) -> str:
    """Of a map of that layer. A head's own name starts with its sensor, which the layer's name says already."""
    return f"{layer_name} {head_name.split(': ')[-1]}".strip()
