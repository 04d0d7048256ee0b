"""Weights to start from: our own checkpoints, and all public weights that `ofa models import` reads, embedders too.

What was copied and what was not is logged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from ofa_engine.core.catalog import read_header
from ofa_engine.core.errors import InputError, ModelFileError
from ofa_engine.core.sensors import Sensor
from ofa_engine.model.checkpoint import load_checkpoint
from ofa_engine.model.imports.conversion import Conversion
from ofa_engine.model.imports.layouts import convert
from ofa_engine.model.imports.plain_vit import convert_plain_vit
from ofa_engine.model.imports.rename_map import NO_MAP, read_rename_map
from ofa_engine.model.ofanet import Architecture
from training.pretraining.config import PretrainingConfig


@dataclass(frozen=True)
class InitialWeights:
    """Weights to start from.

    Attributes:
        name: of the file or model.
        architecture: that they are of.
        tensors: by the names of an objective's module, whose OFA-Net is its `model`.
        sensors: what each embedder reads, by id.
        notes: what the user should know, a line each.
    """

    name: str
    architecture: Architecture
    tensors: Mapping[str, Tensor]
    sensors: Mapping[str, Sensor]
    notes: tuple[str, ...] = ()

    def adapted(self, config: PretrainingConfig) -> PretrainingConfig:
        """The configuration with padding and positions as the weights have them; positions of another grid cannot be
        used."""
        found = replace(config, patch_pad=self.architecture.patch_pad)
        same_grid = found.architecture.grid == self.architecture.grid
        return replace(found, positions=self.architecture.positions if same_grid else "sine-cosine")

    def copy_into(self, module: nn.Module, sensors: Mapping[str, Sensor], log: Callable[[str], None]) -> list[str]:
        """Copies the tensors that fit, and logs those that do not.

        Args:
            module: of an objective.
            sensors: what its embedders read, by id; bands are looked up by name.
            log: gets one line at a time.

        Returns:
            Names of the tensors copied.

        Raises:
            InputError: no tensor fits.
        """
        own = module.state_dict()
        copied, skipped = [], []
        for name, value in self.tensors.items():
            fitting = self._with_bands_of(sensors, name, value)
            if name in own and own[name].shape == fitting.shape:
                own[name].copy_(fitting)
                copied.append(name)
            else:
                why = f"expected shape {tuple(own[name].shape)}" if name in own else "no such name here"
                skipped.append(f"{name} {tuple(value.shape)}: {why}")
        if not copied:
            raise InputError(f"expected weights of a ViT in {self.name}, found none that fit: {'; '.join(skipped[:3])}")
        log(
            f"initial weights from {self.name}: {len(copied)} tensors copied, {len(skipped)} skipped, "
            f"{len(own) - len(copied)} of the model keep their random start"
        )
        for line in (*self.notes, *(f"skipped: {entry}" for entry in skipped)):
            log(f"  {line}")
        return copied

    def _with_bands_of(self, sensors: Mapping[str, Sensor], name: str, value: Tensor) -> Tensor:
        """An embedder's kernels of the bands that the sensor has here, in their order, where all are there."""
        key = name.removeprefix("model.embedders.").removesuffix(".weight")
        if key not in self.sensors or key not in sensors:
            return value
        there, here = self.sensors[key].band_names, sensors[key].band_names
        return value[:, [there.index(band) for band in here]] if set(here) <= set(there) else value


def read_initial(name: str, rename_map: str = "", download: bool = False) -> InitialWeights:
    """Reads weights to start from; no file can run code.

    Args:
        name: a file, or the name of a timm model.
        rename_map: YAML file for weights that are not recognised, as for `ofa models import`.
        download: let timm download weights.

    Raises:
        InputError: they cannot be read safely, or are of no layout that is known.
    """
    path = Path(name)
    if path.suffix == ".safetensors" and _is_ours(path):
        return _own(path)
    if path.exists() or path.suffix in (".safetensors", ".pth", ".pt"):
        return _converted(name, convert(path, read_rename_map(rename_map)))
    import timm

    if not timm.is_model(name.split(".")[0]):
        raise InputError(f"expected initial weights, found no file {name} and no timm model of that name")
    if not download:
        raise InputError(f"{name} would have to be downloaded: allow it with --download")
    try:
        tensors = timm.create_model(name, pretrained=True).state_dict()
    except Exception as error:
        raise InputError(f"expected a model that timm can download, found {name}: {error}") from error
    return _converted(name, convert_plain_vit(tensors, path, NO_MAP))


def _is_ours(path: Path) -> bool:
    try:
        return read_header(path)["file"] == "checkpoint"
    except ModelFileError:
        return False


def _own(path: Path) -> InitialWeights:
    """A checkpoint of ours, with its decoders where it has them."""
    loaded = load_checkpoint(path)
    decoders = {key: value for key, value in load_file(path).items() if key.startswith("decoders.")}
    model = {f"model.{key}": value for key, value in loaded.model.state_dict().items()}
    return InitialWeights(str(path), loaded.model.arch, decoders | model, loaded.model.sensors)


def _converted(name: str, found: Conversion) -> InitialWeights:
    tensors = {f"model.backbone.{key}": value for key, value in found.backbone.items()}
    for sensor_id, parts in found.embedders.items():
        tensors |= {f"model.embedders.{sensor_id}.{part}": value for part, value in parts._asdict().items()}
    notes = (found.layout, *found.notes, *(f"not used: {key}" for key in found.left))
    return InitialWeights(name, found.architecture, tensors, found.sensors, notes)
