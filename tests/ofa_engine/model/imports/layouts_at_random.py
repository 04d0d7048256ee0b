"""Files of public weights in their real layouts, with random values and any size, and what such a model computes,
written from the papers with nothing but matrix products: the reference of these tests."""

import math

import torch


class Random:
    """Tensors of a state dict, of a size at which each part of the model shows in the result."""

    def __init__(self, seed: int):
        self.numbers = torch.Generator().manual_seed(seed)

    def matrix(self, rows: int, columns: int, gain: float = 1.0) -> torch.Tensor:
        return torch.randn(rows, columns, generator=self.numbers) * gain / math.sqrt(columns)

    def vector(self, size: int, around: float = 0.0) -> torch.Tensor:
        return around + 0.1 * torch.randn(size, generator=self.numbers)

    def tokens(self, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=self.numbers)


def trunk(seed: int, width: int, depth: int, grid: int, norm: bool = True) -> dict[str, torch.Tensor]:
    """Class token, positions, blocks and the final norm under timm's names."""
    random = Random(seed)
    tensors = {"cls_token": random.tokens(1, 1, width), "pos_embed": random.tokens(1, grid * grid + 1, width)}
    for i in range(depth):
        sizes = {"attn.qkv": (3 * width, width), "attn.proj": (width, width)}
        sizes |= {"mlp.fc1": (4 * width, width), "mlp.fc2": (width, 4 * width)}
        for name, (rows, columns) in sizes.items():
            tensors[f"blocks.{i}.{name}.weight"] = random.matrix(rows, columns)
            tensors[f"blocks.{i}.{name}.bias"] = random.vector(rows)
        for name in ("norm1", "norm2"):
            tensors |= _norm(random, f"blocks.{i}.{name}", width)
    return tensors | (_norm(random, "norm", width) if norm else {})


def plain_vit(seed: int, bands: int, width: int = 48, depth: int = 2, grid: int = 4, **more) -> dict:
    random = Random(seed + 1000)
    return trunk(seed, width, depth, grid, **more) | {
        "patch_embed.proj.weight": random.tokens(width, bands, 16, 16) / 16,
        "patch_embed.proj.bias": random.vector(width),
    }


def dofa(seed: int, width: int = 48, depth: int = 2, grid: int = 4, hub: bool = True) -> dict:
    """DOFA v1; the hub's file also has the final norm, the projector of distillation and the mask token."""
    random = Random(seed + 2000)
    tensors = trunk(seed, width, depth, grid, norm=hub) | generator(random, "patch_embed", width)
    if hub:
        tensors |= {"projector.weight": random.matrix(width, width), "projector.bias": random.vector(width)}
        tensors["mask_token"] = random.tokens(1, 1, 512)
    return tensors


def copernicus_fm(seed: int, width: int = 48, depth: int = 2, grid: int = 4) -> dict:
    random = Random(seed + 3000)
    tensors = trunk(seed, width, depth, grid, norm=False)
    for name in ("spectral", "variable"):
        tensors |= generator(random, f"patch_embed_{name}", width)
    tensors["patch_embed_variable.language_proj.weight"] = random.matrix(128, 2048)
    for name in ("coord", "scale", "time"):
        tensors[f"{name}_token"] = random.tokens(1, 1, width)
        tensors[f"{name}_fc.weight"] = random.matrix(width, width)
        tensors[f"{name}_fc.bias"] = random.vector(width)
    return tensors


def generator(random: Random, prefix: str, width: int) -> dict[str, torch.Tensor]:
    inside = f"{prefix}.weight_generator"
    layer = f"{inside}.transformer_encoder.layers.0"
    tensors = {f"{inside}.weight_tokens": random.tokens(128, 128), f"{inside}.bias_token": random.tokens(1, 128)}
    sizes = {
        f"{prefix}.fclayer.w1": (128, 128),
        f"{prefix}.fclayer.w2": (128, 128),
        f"{layer}.self_attn.out_proj": (128, 128),
        f"{layer}.linear1": (2048, 128),
        f"{layer}.linear2": (128, 2048),
        f"{inside}.fc_weight": (256 * width, 128),
        f"{inside}.fc_bias": (width, 128),
    }
    for name, (rows, columns) in sizes.items():
        gain = 10.0 if name.endswith(("fc_weight", "fc_bias")) else 1.0
        tensors |= {f"{name}.weight": random.matrix(rows, columns, gain), f"{name}.bias": random.vector(rows)}
    tensors[f"{layer}.self_attn.in_proj_weight"] = random.matrix(384, 128)
    tensors[f"{layer}.self_attn.in_proj_bias"] = random.vector(384)
    return tensors | _norm(random, f"{layer}.norm1", 128) | _norm(random, f"{layer}.norm2", 128)


def _norm(random: Random, name: str, size: int) -> dict[str, torch.Tensor]:
    return {f"{name}.weight": random.vector(size, 1.0), f"{name}.bias": random.vector(size)}


# --- what such models compute --------------------------------------------------------------------------------------


def dofa_kernel(tensors: dict, prefix: str, encoded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """((D, C, 16, 16), (D,)) of encoded wavelengths (C, 128)."""
    inside, width = f"{prefix}.weight_generator", tensors["cls_token"].shape[2]
    hidden = _linear(tensors, f"{prefix}.fclayer.w1", encoded).clamp_min(0)
    bands = encoded + _linear(tensors, f"{prefix}.fclayer.w2", hidden).clamp_min(0)
    x = torch.cat([tensors[f"{inside}.weight_tokens"], bands, tensors[f"{inside}.bias_token"]])
    layer = f"{inside}.transformer_encoder.layers.0"
    qkv = x @ tensors[f"{layer}.self_attn.in_proj_weight"].T + tensors[f"{layer}.self_attn.in_proj_bias"]
    x = _layer_norm(
        tensors, f"{layer}.norm1", x + _linear(tensors, f"{layer}.self_attn.out_proj", _attend(qkv, 4)), 1e-5
    )
    x = _layer_norm(
        tensors,
        f"{layer}.norm2",
        x + _linear(tensors, f"{layer}.linear2", _gelu(_linear(tensors, f"{layer}.linear1", x))),
        1e-5,
    )
    rows = _linear(tensors, f"{inside}.fc_weight", x[128:-1] + bands)  # (C, 256 D): row, column, channel
    kernel = torch.stack([row.reshape(16, 16, width).permute(2, 0, 1) for row in rows], 1)
    return 0.01 * kernel, 0.01 * _linear(tensors, f"{inside}.fc_bias", x[-1])


def encode_um(wavelengths_um: list[float]) -> torch.Tensor:
    rows = []
    for um in wavelengths_um:
        nm = torch.tensor(um, dtype=torch.float32) * 1000
        angles = [nm * (1.0 / torch.tensor(10000.0) ** torch.tensor(k / 64)) for k in range(64)]
        rows.append(torch.stack([angle.sin() for angle in angles] + [angle.cos() for angle in angles]))
    return torch.stack(rows)


def encode_copernicus(centers_nm: list[float], bandwidths_nm: list[float]) -> torch.Tensor:
    def series(value: float, low: float, high: float) -> list[float]:
        steps = [math.log10(low) + k / 63 * (math.log10(high) - math.log10(low)) for k in range(64)]
        angles = [2 * math.pi * value / 10**step for step in steps]
        return [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]

    pairs = zip(centers_nm, bandwidths_nm, strict=True)
    return torch.stack([torch.tensor(series(c, 100, 1e9)) + torch.tensor(series(b, 1, 1e9)) for c, b in pairs])


def embed(pixels: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor, pad: int) -> torch.Tensor:
    """(B, C, H, W) to (B, L, D): one matrix product per token, with zeros around the pixels."""
    b, c, h, w = pixels.shape
    padded = torch.zeros(b, c, h + 2 * pad, w + 2 * pad)
    padded[:, :, pad : pad + h, pad : pad + w] = pixels
    cuts = [padded[:, :, y : y + 16, x : x + 16] for y in range(0, h, 16) for x in range(0, w, 16)]
    return torch.stack([cut.flatten(1) @ kernel.flatten(1).T + bias for cut in cuts], 1)


def after_blocks(tensors: dict, embedded: torch.Tensor, heads: int, positions: torch.Tensor | None = None):
    """(B, L, D) to (B, 1 + L, D): tokens after the last block."""
    positions = tensors["pos_embed"] if positions is None else positions
    x = torch.cat([tensors["cls_token"].expand(len(embedded), -1, -1), embedded], 1) + positions
    i = 0
    while f"blocks.{i}.norm1.weight" in tensors:
        name = f"blocks.{i}"
        qkv = _linear(tensors, f"{name}.attn.qkv", _layer_norm(tensors, f"{name}.norm1", x, 1e-6))
        attended = torch.stack([_attend(one, heads) for one in qkv])
        x = x + _linear(tensors, f"{name}.attn.proj", attended)
        hidden = _gelu(_linear(tensors, f"{name}.mlp.fc1", _layer_norm(tensors, f"{name}.norm2", x, 1e-6)))
        x = x + _linear(tensors, f"{name}.mlp.fc2", hidden)
        i += 1
    return x


def final_norm(tensors: dict, tokens: torch.Tensor) -> torch.Tensor:
    width = tokens.shape[-1]
    fresh = {"norm.weight": torch.ones(width), "norm.bias": torch.zeros(width)}
    return _layer_norm(fresh | tensors, "norm", tokens, 1e-6)


def _attend(qkv: torch.Tensor, heads: int) -> torch.Tensor:
    """(L, 3 D) to (L, D)."""
    query, key, value = qkv.chunk(3, 1)
    size = query.shape[1] // heads
    results = []
    for at in range(0, query.shape[1], size):
        part = slice(at, at + size)
        weights = (query[:, part] @ key[:, part].T / math.sqrt(size)).softmax(1)
        results.append(weights @ value[:, part])
    return torch.cat(results, 1)


def _linear(tensors: dict, name: str, x: torch.Tensor) -> torch.Tensor:
    return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def _layer_norm(tensors: dict, name: str, x: torch.Tensor, eps: float) -> torch.Tensor:
    centered = x - x.mean(-1, keepdim=True)
    return (
        centered / (centered.square().mean(-1, keepdim=True) + eps).sqrt() * tensors[f"{name}.weight"]
        + tensors[f"{name}.bias"]
    )


def _gelu(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
