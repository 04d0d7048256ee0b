"""Foreign weights under our names: what every layout is converted to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ...core.sensors import Sensor
from ..dofa import Embedding, Generator
from ..ofanet import Architecture
from .families import Family


@dataclass(frozen=True)
class Conversion:
    """A model as our checkpoints hold it.

    Attributes:
        layout: of the file it came from, in words.
        family: where such weights come from.
        architecture: of the backbone.
        backbone: tensors of `ofanet.Backbone` by name, in float32.
        embedders: by the sensor's id.
        sensors: what each embedder reads, by id.
        generator: makes embedders from wavelengths; None where the layout has none.
        generator_um: the wavelengths that each embedder was generated from, by the sensor's id.
        taken: names in the file whose values are here.
        left: those whose values are not.
        notes: what the user should know, a line each.
    """

    layout: str
    family: Family
    architecture: Architecture
    backbone: Mapping[str, Tensor]
    embedders: Mapping[str, Embedding]
    sensors: Mapping[str, Sensor]
    taken: tuple[str, ...]
    left: tuple[str, ...]
    generator: Generator | None = None
    generator_um: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def tensors(self) -> dict[str, Tensor]:
        """By the names of `OFANet`: `backbone.*` and `embedders.SENSOR.*`."""
        found = {f"backbone.{name}": value for name, value in self.backbone.items()}
        for key, one in self.embedders.items():
            found |= {f"embedders.{key}.{part}": value for part, value in one._asdict().items()}
        return found

    @property
    def title(self) -> str:
        """Such as "DOFA, ViT-B"."""
        size = {192: "Ti", 384: "S", 768: "B", 1024: "L", 1280: "H"}.get(self.architecture.width)
        return f"{self.family.title}, ViT-{size}" if size else self.family.title
