"""Frozen backbones for linear probes: OFA-Net with and without training, timm's models, SatMAE."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import load_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet


class FrozenBackbone(Protocol):
    """A frozen model. The methods raise InputError for a sensor that the model does not support."""

    @property
    def name(self) -> str: ...
    @property
    def input_px(self) -> int: ...
    def fingerprint(self, sensor: str) -> str: ...
    @property
    def device(self) -> torch.device: ...
    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        """(mean, std) of each of the sensor's bands in its canonical unit, as in the model's training."""
        ...

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        """Features (B, L, D) of normalised pixels (B, C, input_px, input_px), whose channels are the 0-based embedder
        bands `present` of the sensor."""
        ...


@dataclass(frozen=True)
class OFABackbone:
    """OFA-Net, trained or not."""

    name: str
    model: OFANet
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def input_px(self) -> int:
        return self.model.arch.input_px

    def _expect(self, sensor: str) -> None:
        if sensor not in self.model.embedders:
            known = ", ".join(self.model.embedders)
            raise InputError(f"expected an embedder for {sensor}, found {known} in {self.name}")

    def fingerprint(self, sensor: str) -> str:
        self._expect(sensor)
        return self.model.fingerprint(sensor)

    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        self._expect(sensor)
        defined = self.model.sensors[sensor]
        return defined.mean, defined.std

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        self._expect(sensor)
        return self.model(pixels.to(self.device), sensor, present)


def checkpoint_backbone(path: str | Path, device: torch.device | str = "cpu") -> OFABackbone:
    """The OFA-Net of a checkpoint. Raises ModelFileError."""
    loaded = load_checkpoint(path, device)
    return OFABackbone(loaded.header["name"], loaded.model, torch.device(device))


def random_backbone(arch: Architecture, seed: int, device: torch.device | str = "cpu") -> OFABackbone:
    """The paper's "Random init.": untrained weights, drawn by `seed`."""
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = OFANet(arch)
    except ValueError as error:
        raise InputError(str(error)) from error
    return OFABackbone("random init", model.eval().requires_grad_(False).to(device), torch.device(device))


class TimmBackbone:
    """A timm model with the features of its last stage as tokens. Bands other than three go through timm's `in_chans`,
    which repeats the weights of red, green and blue."""

    def __init__(
        self,
        name: str,
        device: torch.device | str = "cpu",
        *,
        pretrained: bool = True,
        file: str | Path | None = None,
        download: bool = False,
    ):
        """
        Args:
            name: of the model in timm.
            device: where it runs.
            pretrained: False gives random weights.
            file: with the weights; None: from the local cache of earlier downloads.
            download: let timm download weights that are not in the cache.

        Raises:
            InputError: timm has no such model, or its weights cannot be loaded.
        """
        import timm

        if not timm.is_model(name.split(".")[0]):
            raise InputError(f"expected a model that timm has, found {name!r}")
        self.name, self.device, self.pretrained = name, torch.device(device), pretrained
        self._file = file or (_cached_weights(name) if pretrained and not download else None)
        if pretrained and not download and self._file is None:
            raise InputError(f"{name} would have to be downloaded: allow it with --download, or name a file")
        self._models: dict[int, Any] = {}
        config = self._model(3).pretrained_cfg
        self.input_px: int = config["input_size"][-1]
        self._mean, self._std = config["mean"], config["std"]

    def _model(self, bands: int) -> Any:
        if bands not in self._models:
            import timm

            overlay = {"file": str(self._file)} if self._file else None
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                try:
                    model = timm.create_model(
                        self.name,
                        pretrained=self.pretrained,
                        in_chans=bands,
                        num_classes=0,
                        pretrained_cfg_overlay=overlay,
                    )
                except Exception as error:  # timm and the hub raise all kinds of errors
                    line = " ".join(str(error).split())[:200]
                    raise InputError(f"expected weights that timm can load for {self.name}, found: {line}") from error
            if not hasattr(model, "forward_intermediates"):
                raise InputError(f"expected a timm model with forward_intermediates, found {self.name}")
            self._models[bands] = model.eval().requires_grad_(False).to(self.device)
        return self._models[bands]

    def fingerprint(self, sensor: str) -> str:
        return _digest(self.name, self._model(3))

    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        table = get_sensor(sensor)
        if table.unit != "8-bit" or len(table.bands) != 3:
            raise InputError(
                f"expected RGB in 8 bits for the statistics of {self.name}, found {sensor}: use --normalise task"
            )
        return [255 * v for v in self._mean], [255 * v for v in self._std]

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        model = self._model(pixels.shape[1])
        last = model.forward_intermediates(
            pixels.to(self.device), indices=1, norm=True, output_fmt="NCHW", intermediates_only=True
        )[-1]
        return last.flatten(2).transpose(1, 2)  # (B, D, h, w) to (B, L, D)


class SatMAEBackbone:
    """SatMAE's encoder for groups of Sentinel-2 bands, from its published files. Raises InputError."""

    name = "SatMAE"

    def __init__(self, path: str | Path, device: torch.device | str = "cpu"):
        from training.probes.satmae import load_satmae

        self.model, self.device = load_satmae(path).to(device), torch.device(device)
        self.input_px: int = self.model.input_px

    def fingerprint(self, sensor: str) -> str:
        if sensor != "sentinel-2":
            raise InputError(f"expected sentinel-2 for SatMAE, found {sensor}")
        return _digest(self.name, self.model)

    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        raise InputError("expected --normalise task for SatMAE, found checkpoint: its file has no statistics")

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        return self.model(pixels.to(self.device), present)


def _digest(name: str, model: nn.Module) -> str:
    """SHA-256 over a name and the names, shapes and half-precision values of all weights."""
    digest = hashlib.sha256(name.encode())
    for key, value in sorted(model.state_dict().items()):
        digest.update(f"{key}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _cached_weights(name: str) -> str | None:
    """The weights' file of an earlier download; None if there is none."""
    import timm
    from huggingface_hub import try_to_load_from_cache

    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        return None
    repository = config.hf_hub_id if not config.hf_hub_id.endswith("/") else f"{config.hf_hub_id}{name}"
    for file in ("model.safetensors", "pytorch_model.bin"):
        path = try_to_load_from_cache(repository, config.hf_hub_filename or file)
        if isinstance(path, str):
            return path
    return None
