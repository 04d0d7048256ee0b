"""Small Sentinel-2 products with the real ones' folders, names and metadata, their bands in JPEG 2000."""

import zipfile
from pathlib import Path

import numpy as np
import rasterio

BANDS = {
    "B1": 60,
    "B2": 10,
    "B3": 10,
    "B4": 10,
    "B5": 20,
    "B6": 20,
    "B7": 20,
    "B8": 10,
    "B8A": 20,
    "B9": 60,
    "B10": 60,
    "B11": 20,
    "B12": 20,
}
STAMP, TILE = "20230512T103031", "T32UQD"
LEFT, TOP = 699960, 5900040


def band_values(name: str, size_px: int, seed: int = 0) -> np.ndarray:
    """(h, w) uint16 DN of a band; 0, no data, in a corner."""
    rng = np.random.default_rng([seed, *name.encode()])
    values = rng.integers(1100, 4000, (size_px, size_px), dtype=np.uint16)
    values[: size_px // 6, : size_px // 6] = 0
    return values


def write_safe(
    folder: Path,
    level: str = "L2A",
    size_px: int = 120,
    offset: int | None = -1000,
    *,
    quantification: int = 10000,
    baseline: str = "05.09",
    scl: np.ndarray | None = None,
) -> Path:
    """The product's folder; `size_px` counts pixels of 10 m and is a multiple of 6."""
    name = f"S2A_MSI{level}_{STAMP}_N{baseline.replace('.', '')}_R108_{TILE}_20230512T162701"
    root = folder / f"{name}.SAFE"
    granule = f"GRANULE/{level}_{TILE}_A041188_20230512T103410"
    images = []
    for band, metres in BANDS.items():
        for used in (10, 20, 60) if level == "L2A" else (metres,):
            if used < metres or level == "L2A" and band == "B10":
                continue
            values = band_values(band, size_px * 10 // metres)[:: used // metres, :: used // metres]
            images.append(_image(root, granule, level, f"B{band[1:]:0>2}", used, values))
    if level == "L2A":
        values = np.full((size_px // 2, size_px // 2), 4, np.uint8) if scl is None else scl
        images.append(_image(root, granule, level, "SCL", 20, values))
    (root / f"MTD_MSI{level}.xml").write_text(_product_xml(level, root.name, baseline, images, quantification, offset))
    (root / granule / "MTD_TL.xml").write_text(_tile_xml(level, size_px))
    return root


def zipped(safe: Path) -> Path:
    path = safe.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(safe.rglob("*")):
            archive.write(file, Path(safe.name) / file.relative_to(safe))
    return path


def _image(root: Path, granule: str, level: str, name: str, metres: int, values: np.ndarray) -> str:
    part = f"R{metres}m/{TILE}_{STAMP}_{name}_{metres}m" if level == "L2A" else f"{TILE}_{STAMP}_{name}"
    file = f"{granule}/IMG_DATA/{part}"
    path = root / f"{file}.jp2"
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = rasterio.Affine(metres, 0, LEFT, 0, -metres, TOP)
    profile = dict(
        driver="JP2OpenJPEG",
        count=1,
        dtype=values.dtype,
        height=values.shape[0],
        width=values.shape[1],
        crs="EPSG:32632",
        transform=transform,
        quality=100,
        reversible="yes",
    )
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)
    return file


def _product_xml(
    level: str, uri: str, baseline: str, images: list[str], quantification: int, offset: int | None
) -> str:
    boa = level == "L2A"
    tag = "BOA_ADD_OFFSET" if boa else "RADIO_ADD_OFFSET"
    values = f'<QUANTIFICATION_VALUE unit="none">{quantification}</QUANTIFICATION_VALUE>'
    if boa:
        values = (
            f'<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE unit="none">{quantification}'
            '</BOA_QUANTIFICATION_VALUE><AOT_QUANTIFICATION_VALUE unit="none">1000.0</AOT_QUANTIFICATION_VALUE>'
            "</QUANTIFICATION_VALUES_LIST>"
        )
    if offset is not None:
        each = "".join(f'<{tag} band_id="{i}">{offset}</{tag}>' for i in range(len(BANDS)))
        around = "BOA_ADD_OFFSET_VALUES_LIST" if boa else "Radiometric_Offset_List"
        values += f"<{around}>{each}</{around}>"
    spectral = "".join(
        f'<Spectral_Information bandId="{i}" physicalBand="{band}"><RESOLUTION>{metres}</RESOLUTION>'
        f'<Wavelength><CENTRAL unit="nm">{500 + i}</CENTRAL></Wavelength></Spectral_Information>'
        for i, (band, metres) in enumerate(BANDS.items())
    )
    files = "".join(f"<IMAGE_FILE>{file}</IMAGE_FILE>\n" for file in images)
    root = f"Level-{level[1:]}_User_Product"
    schema = f"https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-{level[1:]}.xsd"
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:{root} xmlns:n1="{schema}"><n1:General_Info>
<Product_Info><PRODUCT_URI>{uri}</PRODUCT_URI>
<PROCESSING_LEVEL>Level-{level[1:]}</PROCESSING_LEVEL><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
<Query_Options completeSingleTile="true"><PRODUCT_FORMAT>SAFE_COMPACT</PRODUCT_FORMAT></Query_Options>
<Product_Organisation><Granule_List><Granule granuleIdentifier="S2A_OPER_MSI" imageFormat="JPEG2000">
{files}</Granule></Granule_List></Product_Organisation></Product_Info>
<Product_Image_Characteristics><Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>
<SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>{values}
<Spectral_Information_List>{spectral}</Spectral_Information_List></Product_Image_Characteristics>
</n1:General_Info></n1:{root}>
"""


def _tile_xml(level: str, size_px: int) -> str:
    grids = "".join(
        f'<Size resolution="{m}"><NROWS>{size_px * 10 // m}</NROWS><NCOLS>{size_px * 10 // m}</NCOLS></Size>'
        f'<Geoposition resolution="{m}"><ULX>{LEFT}</ULX><ULY>{TOP}</ULY><XDIM>{m}</XDIM><YDIM>-{m}</YDIM>'
        "</Geoposition>"
        for m in (10, 20, 60)
    )
    root = f"Level-{level[1:]}_Tile_ID"
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:{root} xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-{level[1:]}_Tile_Metadata.xsd">
<n1:Geometric_Info><Tile_Geocoding metadataLevel="Brief"><HORIZONTAL_CS_NAME>WGS84 / UTM zone 32N</HORIZONTAL_CS_NAME>
<HORIZONTAL_CS_CODE>EPSG:32632</HORIZONTAL_CS_CODE>{grids}</Tile_Geocoding></n1:Geometric_Info></n1:{root}>
"""
