"""Against an independent, naive MAE: float64, all patches embedded, all tokens projected, loops over samples."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder, patchify
from ofa_engine.model.ofanet import Architecture, Embedder, OFANet

ARCH = Architecture(width=24, depth=2, heads=3, input_px=64)
PADDED = replace(ARCH, patch_pad=3, positions="learned", final_norm=False)
SIZE = DecoderSize(width=16, depth=1, heads=2)


def layer_norm(x, module):
    mean, var = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
    return (x - mean) / (var + 1e-6).sqrt() * module.weight + module.bias


def block(x, module, heads):
    """A pre-norm Transformer block for one sample (N, D), written out."""
    n, width = x.shape
    qkv = layer_norm(x, module.norm1) @ module.attn.qkv.weight.T + module.attn.qkv.bias
    q, k, v = qkv.view(n, 3, heads, width // heads).permute(1, 2, 0, 3)
    attention = (q @ k.transpose(1, 2) / math.sqrt(width // heads)).softmax(-1) @ v
    x = x + attention.transpose(0, 1).reshape(n, width) @ module.attn.proj.weight.T + module.attn.proj.bias
    hidden = nn.functional.gelu(layer_norm(x, module.norm2) @ module.mlp.fc1.weight.T + module.mlp.fc1.bias)
    return x + hidden @ module.mlp.fc2.weight.T + module.mlp.fc2.bias


def naive_loss(mae, pixels, sensor, noise, present):
    """Mean over samples of the masked patches' normalised mean squared error."""
    model, decoder = mae.model, mae.decoders[sensor]
    embedder, backbone = model.embedders[sensor], model.backbone
    bands = len(get_sensor(sensor).bands)
    scale = len(get_sensor(sensor).usable_bands) / len(present)
    losses, pad = [], model.arch.patch_pad
    for image, one in zip(pixels, noise, strict=True):
        if pad:
            wide = torch.zeros(len(image), 64 + pad, 64 + pad, dtype=image.dtype)
            wide[:, pad:, pad:] = image
            image = wide
        patches = [image[:, 16 * r : 16 * r + 16, 16 * c : 16 * c + 16] for r in range(4) for c in range(4)]
        order = one.argsort()
        seen, masked = order[: mae.visible].tolist(), order[mae.visible :].tolist()
        tokens = []
        for number, patch in enumerate(patches):  # all patches, whether seen or not
            value = embedder.bias + scale * sum(
                (embedder.weight[:, band] * patch[i]).sum((1, 2)) for i, band in enumerate(present)
            )
            tokens.append(value + backbone.pos_embed[0, 1 + number])
        x = torch.stack([backbone.cls_token[0, 0] + backbone.pos_embed[0, 0], *(tokens[i] for i in seen)])
        for module in backbone.blocks:
            x = block(x, module, ARCH.heads)
        x = layer_norm(x, backbone.norm) if model.arch.final_norm else x
        x = x @ decoder.embed.weight.T + decoder.embed.bias
        full = [decoder.mask_token[0, 0]] * len(patches)
        for place, number in enumerate(seen):
            full[number] = x[1 + place]
        x = torch.stack([x[0], *full]) + decoder.pos_embed[0]
        for module in decoder.blocks:
            x = block(x, module, SIZE.heads)
        predicted = layer_norm(x, decoder.norm) @ decoder.predict.weight.T + decoder.predict.bias
        for number in masked:
            values = patches[number]
            target = (values - values.mean()) / (values.var() + 1e-6).sqrt()
            guess = predicted[1 + number].view(bands, 16, 16)[list(present)]
            losses.append((guess - target).square().mean())
    return torch.stack(losses).mean()


@pytest.mark.parametrize("arch", [ARCH, PADDED], ids=["ours", "padded"])
@pytest.mark.parametrize("missing", [False, True], ids=["all bands", "bands missing"])
@pytest.mark.parametrize("sensor", SENSORS)
def test_loss_and_gradients_equal_a_naive_mae(sensor, missing, arch):
    torch.manual_seed(0)
    mae = MaskedAutoencoder(OFANet(arch, [sensor]), SIZE).double()
    present = get_sensor(sensor).usable_bands
    present = present[: max(1, len(present) // 2)] if missing else present
    pixels = torch.randn(2, len(present), 64, 64, dtype=torch.float64)
    noise = torch.rand(2, 16, dtype=torch.float64)
    ours = mae(pixels, sensor, noise, present).mean()
    ours.backward()
    gradients = {name: p.grad.clone() for name, p in mae.named_parameters()}
    mae.zero_grad()
    naive = naive_loss(mae, pixels, sensor, noise, present)
    naive.backward()
    assert ours.item() == pytest.approx(naive.item(), rel=1e-9)
    for name, parameter in mae.named_parameters():
        scale = parameter.grad.abs().max().clamp_min(1e-12)
        assert ((gradients[name] - parameter.grad).abs().max() / scale) < 1e-9, name


def test_masking():
    mae = MaskedAutoencoder(OFANet(ARCH, ["naip"]), SIZE)
    assert mae.visible == 4
    pixels, noise = torch.randn(3, 3, 64, 64), torch.rand(3, 16)
    image, mask = mae.reconstruct(pixels, "naip", noise)
    assert mask.shape == (3, 1, 64, 64) and mask.float().mean() == 0.75
    hidden = mask.expand_as(pixels)
    assert torch.equal(image[~hidden], pixels[~hidden]) and not torch.equal(image[hidden], pixels[hidden])
    assert torch.equal(mask[:, 0, ::16, ::16].flatten(1), noise.argsort(1).argsort(1) >= 4)


def test_masking_with_padding():
    """A masked patch is what its token sees: shifted up and left; the last rows and columns are never hidden."""
    mae = MaskedAutoencoder(OFANet(PADDED, ["naip"]), SIZE)
    pixels, noise = torch.randn(3, 3, 64, 64), torch.rand(3, 16)
    image, mask = mae.reconstruct(pixels, "naip", noise)
    hidden = torch.zeros(3, 4, 4, dtype=torch.bool).flatten(1)
    hidden[torch.arange(3)[:, None], noise.argsort(1)[:, 4:]] = True
    for row in range(64):
        for column in range(64):
            seen_by = (row + 3) // 16 * 4 + (column + 3) // 16
            inside = row < 61 and column < 61
            assert torch.equal(mask[:, 0, row, column], hidden[:, seen_by] if inside else torch.zeros(3).bool())
    assert torch.equal(image[~mask.expand_as(image)], pixels[~mask.expand_as(image)])
    assert not torch.equal(image, pixels)


@pytest.mark.parametrize("pad", [0, 1, 5])
def test_patches_are_what_the_convolution_sees(pad):
    embedder = Embedder(get_sensor("gaofen"), 8, 16, pad).double()
    pixels = torch.randn(2, 4, 48, 64, dtype=torch.float64)
    tokens = embedder.embed(patchify(pixels, 16, pad), range(4))
    wanted = nn.functional.conv2d(pixels, embedder.weight, embedder.bias, stride=16, padding=pad)
    torch.testing.assert_close(tokens, wanted.flatten(2).transpose(1, 2))
    torch.testing.assert_close(tokens, embedder(pixels, range(4)))


def test_a_step_with_padding_lowers_the_loss():
    torch.manual_seed(1)
    mae = MaskedAutoencoder(OFANet(PADDED, ["naip"]), SIZE)
    pixels, noise = torch.randn(1, 3, 8, 8).repeat(4, 1, 8, 8), torch.rand(4, 16)  # can be foreseen
    optimizer = torch.optim.Adam(mae.parameters(), 1e-3)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = mae(pixels, "naip", noise).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_patches_keep_their_pixels():
    pixels = torch.arange(2 * 5 * 32 * 48).view(2, 5, 32, 48)
    patches = patchify(pixels, 16).view(2, 6, 5, 16, 16)
    assert torch.equal(patches[1, 4], pixels[1, :, 16:32, 16:32])


def test_the_encoder_is_the_models():
    """With every patch visible the autoencoder's features are the model's."""
    mae = MaskedAutoencoder(OFANet(ARCH, ["gaofen"]), SIZE).eval()
    pixels, numbers = torch.randn(2, 4, 64, 64), torch.arange(16).expand(2, -1)
    features = mae.encode(patchify(pixels, 16), numbers, "gaofen", range(4))
    torch.testing.assert_close(features[:, 1:], mae.model(pixels, "gaofen"), atol=1e-5, rtol=1e-4)


def test_the_papers_sizes_are_the_default():
    assert DecoderSize() == DecoderSize(512, 8, 16)
    with pytest.raises(ValueError, match="mask ratio"):
        MaskedAutoencoder(OFANet(ARCH, ["naip"]), SIZE, mask_ratio=1.0)
