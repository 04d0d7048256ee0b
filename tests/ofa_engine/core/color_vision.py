"""How colours look to people: CIELAB, CIEDE2000, and the simulation of colour-blindness."""

import numpy as np
from numpy.typing import NDArray

# linear sRGB as seen without one kind of cone: Machado, Oliveira, Fernandes (2009), "A Physiologically-based Model for
# Simulation of Color Vision Deficiency", IEEE TVCG 15(6), table 1, severity 1.0
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# linear sRGB to XYZ under D65: IEC 61966-2-1
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color: str) -> NDArray:
    """#rrggbb to (3,) linear sRGB, 0 to 1."""
    values = np.array(list(bytes.fromhex(color[1:]))) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray) -> NDArray:
    """(3,) linear sRGB to L*, a*, b* (CIE 15) under D65."""
    xyz = _XYZ @ rgb.clip(0, 1) / _XYZ.sum(1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def hue_and_chroma(color: str) -> tuple[float, float]:
    """Hue in degrees (0 red, 90 yellow, 180 green, 270 blue) and chroma in CIELAB."""
    _, a, b = lab(linear(color))
    return float(np.degrees(np.arctan2(b, a)) % 360), float(np.hypot(a, b))


def ciede2000(one: NDArray, other: NDArray) -> float:
    """The difference of two colours in CIELAB: ISO/CIE 11664-6, in the notation of Sharma, Wu, Dalal (2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(c7 / (c7 + 25**7)))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = np.arctan2(b1, a1 * stretch), np.arctan2(b2, a2 * stretch)
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + np.pi) % (2 * np.pi) - np.pi
    h = h1 + h2 if c1 * c2 == 0 else h1 + turn / 2
    lightness, c = (l1 + l2) / 2, (c1 + c2) / 2
    t = 1 - 0.17 * np.cos(h - np.radians(30)) + 0.24 * np.cos(2 * h)
    t += 0.32 * np.cos(3 * h + np.radians(6)) - 0.20 * np.cos(4 * h - np.radians(63))
    far = ((np.degrees(h) % 360 - 275) / 25) ** 2
    rotation = -np.sin(np.radians(60 * np.exp(-far))) * 2 * np.sqrt(c**7 / (c**7 + 25**7))
    dl = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * c)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(turn / 2) / (1 + 0.015 * c * t)
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh))


def difference(one: str, other: str, vision: str) -> float:
    """CIEDE2000 between two colours #rrggbb to somebody with that kind of vision."""
    seen = [lab(VISIONS[vision] @ linear(color)) for color in (one, other)]
    return ciede2000(*seen)
