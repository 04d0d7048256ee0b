"""Metadata files beside a raster: what they say of its bands, whatever form they come in."""

import math

import pytest

from ofa_engine.core.errors import RasterError
from ofa_engine.core.sensors import band_scales, records_beside, refuse_container

L1, L2 = "LC08_L1TP_193024_20220620_20220701_02_T1", "LC08_L2SP_193024_20220620_20220701_02_T1"
FORMS = {
    "txt": ("{key} = {value}\n", '"{value}"'),
    "json": ('"{key}": "{value}",\n', "{value}"),
    "xml": ("<{key}>{value}</{key}>\n", "{value}"),
}


def mtl(folder, scene, form="txt", sun=30.0):
    """As the Data Format Control Books have it: a level 2 product repeats the entries of its level 1."""
    line, quoted = FORMS[form]
    surface, files = "_L2" in scene, "SR_B" if "_L2" in scene else "B"
    entries = [("LANDSAT_PRODUCT_ID", quoted.format(value=scene))]
    entries += [(f"FILE_NAME_BAND_{i}", quoted.format(value=f"{scene}_{files}{i}.TIF")) for i in range(1, 8)]
    entries += [("SUN_ELEVATION", sun)]
    if surface:
        entries += [(f"REFLECTANCE_MULT_BAND_{i}", "2.75e-05") for i in range(1, 8)]
        entries += [(f"REFLECTANCE_ADD_BAND_{i}", "-0.2") for i in range(1, 8)]
        entries += [("LANDSAT_PRODUCT_ID", quoted.format(value=L1))]
    entries += [(f"REFLECTANCE_MULT_BAND_{i}", f"{i}.0000E-05") for i in range(1, 10)]
    entries += [(f"REFLECTANCE_ADD_BAND_{i}", f"-0.{i}00000") for i in range(1, 10)]
    text = "".join(line.format(key=key, value=value) for key, value in entries)
    (folder / f"{scene}_MTL.{form}").write_text(text, encoding="utf-8")


def beside(path, sources=(), names=(), dtype="uint16"):
    count = len(sources) or len(names)
    return records_beside(str(path), sources or ("",) * count, names or ("",) * count, [dtype] * count)


@pytest.mark.parametrize("form", FORMS)
def test_landsat_level_1_is_divided_by_the_sine_of_the_suns_elevation(tmp_path, form):
    mtl(tmp_path, L1, form)
    found = beside(tmp_path / "stack.vrt", [f"{L1}_B{i}.TIF" for i in (4, 2, 3)] + [f"{L1}_QA_PIXEL.TIF"])
    assert [record.name for record in found] == [f"{L1}_B4", f"{L1}_B2", f"{L1}_B3", ""]
    for record, i in zip(found, (4, 2, 3), strict=False):
        assert (record.scale, record.offset) == pytest.approx((i * 2e-5, -i * 0.2), rel=1e-9)
    assert not found[3].scaled


@pytest.mark.parametrize("form", FORMS)
def test_landsat_level_2_has_its_own_scale_and_not_that_of_level_1(tmp_path, form):
    mtl(tmp_path, L2, form)
    found = beside(tmp_path / "stack.vrt", [f"{L2}_SR_B{i}.TIF" for i in range(1, 8)])
    assert {(record.scale, record.offset) for record in found} == {(2.75e-5, -0.2)}
    assert found[4].name == f"{L2}_SR_B5"


def test_an_mtl_beside_a_stack(tmp_path):
    mtl(tmp_path, L2)
    named = beside(tmp_path / "clip.tif", names=["SR_B2", "SR_B3", "QA_PIXEL"])
    assert [record.name for record in named] == [f"{L2}_SR_B2", f"{L2}_SR_B3", ""] and named[0].scaled
    floats = beside(tmp_path / "clip.tif", names=["SR_B2", "SR_B3"], dtype="float32")
    assert floats[0].name and not floats[0].scaled, "floats were converted before"
    for others in (["B2", "B3", "B4", "B8"], ["B11", "B12"], ["red", "green"], ["", ""]):
        assert beside(tmp_path / "s2.tif", names=others) == (), "another satellite's raster in the same folder"
    mtl(tmp_path, L2.replace("193024", "193025"))
    assert beside(tmp_path / "clip.tif", names=["SR_B2", "SR_B3"]) == (), "which of the scenes is not known"
    assert beside(tmp_path / f"{L2}_clip.tif", names=["SR_B2", "SR_B3"])[0].scaled


@pytest.mark.parametrize("sun", [0, -5, "unknown"])
def test_without_the_sun_there_is_no_scale(tmp_path, sun):
    mtl(tmp_path, L1, sun=sun)
    found = beside(tmp_path / "a.tif", names=["B2", "B3"], sources=[f"{L1}_B2.TIF", f"{L1}_B3.TIF"])
    assert found[0].name == f"{L1}_B2" and not found[0].scaled


@pytest.mark.parametrize(
    ("name", "band"),
    [
        (
            "ENMAP01-____L2A-DT0000001867_20220724T104526Z_008_V010302_20230628T165614Z-{}",
            '<bandID number="{number}"><wavelengthCenterOfBand>{nm}</wavelengthCenterOfBand><FWHMOfBand>7</FWHMOfBand>'
            "<GainOfBand>0.0001</GainOfBand><OffsetOfBand>{offset}</OffsetOfBand></bandID>",
        ),
        (
            "DESIS-HSI-L2A-DT0483531728_001-20200901T101234-V0210-{}",
            "<band><bandNumber>{number}</bandNumber><wavelengthCenterOfBand>{nm}</wavelengthCenterOfBand>"
            "<gainOfBand>0.0001</gainOfBand><offsetOfBand>{offset}</offsetOfBand></band>",
        ),
    ],
    ids=["EnMAP", "DESIS"],
)
def test_spectrometers_state_wavelengths_gains_and_offsets(tmp_path, name, band):
    bands = "".join(band.format(number=i, nm=400 + 10 * i, offset=0.001 * i) for i in range(3))
    text = f"<level_X><specific><bandCharacterisation>{bands}</bandCharacterisation></specific></level_X>"
    (tmp_path / f"{name.format('METADATA')}.XML").write_text(text, encoding="utf-8")
    found = beside(tmp_path / f"{name.format('SPECTRAL_IMAGE')}.TIF", names=["", "", ""], dtype="int16")
    assert [record.wavelength_um for record in found] == pytest.approx([0.4, 0.41, 0.42])
    assert [(record.scale, record.offset) for record in found] == [(1e-4, 0.0), (1e-4, 0.001), (1e-4, 0.002)]
    assert beside(tmp_path / f"{name.format('QL_QUALITY')}.TIF", names=["", "", ""]) == ()
    assert beside(tmp_path / f"{name.format('SPECTRAL_IMAGE')}.TIF", names=["", ""]) == (), "not of so many bands"
    radiance = name.replace("L2A", "L1C")
    (tmp_path / f"{radiance.format('METADATA')}.XML").write_text(text, encoding="utf-8")
    with pytest.raises(RasterError, match="radiance of level 1"):
        beside(tmp_path / f"{radiance.format('SPECTRAL_IMAGE')}.TIF", names=["", "", ""])


@pytest.mark.parametrize(
    ("lines", "scale", "offset"),
    [
        ("data gain values = {0.0001, 0.0002}\ndata offset values = {0.1,\n 0.2}", [1e-4, 2e-4], [0.1, 0.2]),
        ("reflectance scale factor = 10000", [1e-4, 1e-4], [0, 0]),
        ("data gain values = {5, 6}\ndata reflectance gain values = {0.001, 0.002}", [1e-3, 2e-3], [0, 0]),
        ("data gain values = {0.0001}", [1, 1], [0, 0]),
        ("reflectance scale factor = 0", [1, 1], [0, 0]),
        ("reflectance scale factor = many", [1, 1], [0, 0]),
    ],
)
@pytest.mark.parametrize("header", ["image.hdr", "image.tif.hdr"])
@pytest.mark.parametrize(("units", "lengths"), [("Nanometers", "{480, 1610}"), ("Micrometers", "{0.48,\n 1.61}")])
def test_headers_of_envi(tmp_path, lines, scale, offset, header, units, lengths):
    text = f"ENVI\nbands = 2\nwavelength units = {units}\nwavelength = {lengths}\n{lines}\n"
    (tmp_path / header).write_text(text, encoding="utf-8")
    found = beside(tmp_path / "image.tif", names=["", ""], dtype="int16")
    assert [record.wavelength_um for record in found] == pytest.approx([0.48, 1.61])
    assert [record.scale for record in found] == pytest.approx(scale)
    assert [record.offset for record in found] == pytest.approx(offset)


def test_the_order_of_bands_in_an_imd_file(tmp_path):
    groups = "".join(f"BEGIN_GROUP = BAND_{band}\n\tULLon = 1;\nEND_GROUP = BAND_{band}\n" for band in "BGRN")
    (tmp_path / "a.IMD").write_text(f'{groups}BEGIN_GROUP = IMAGE_1\n\tsatId = "QB02";\n', encoding="utf-8")
    found = beside(tmp_path / "a.TIF", names=[""] * 4)
    assert [record.name for record in found] == ["QB02 blue", "QB02 green", "QB02 red", "QB02 nir1"]
    assert beside(tmp_path / "a.TIF", names=[""] * 8) == ()


def test_the_files_own_scale_comes_before_that_of_its_metadata(tmp_path):
    mtl(tmp_path, L2)
    records = beside(tmp_path / "a.tif", names=["SR_B2", "SR_B3"])
    assert band_scales((1.0, 1.0), (0.0, 0.0), records) == {1: (2.75e-5, -0.2), 2: (2.75e-5, -0.2)}
    assert band_scales((0.5, 1.0), (0.0, 0.0), records) == {1: (0.5, 0.0)}
    assert band_scales((math.nan, 0.0), (0.0, 0.0), ()) == {}


def test_nothing_beside_is_nothing_said(tmp_path):
    assert beside(tmp_path / "a.tif", names=["B2", "B3"]) == () == beside(tmp_path / "a.tif", names=["", ""])
    (tmp_path / "a.hdr").write_text("not of ENVI", encoding="utf-8")
    (tmp_path / "x_MTL.txt").write_bytes(b"\xff\xfe\x00")
    assert beside(tmp_path / "a.tif", names=["B2", "B3"]) == ()


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/data/PRS_L2D_STD_20200101101010_20200101101014_0001.he5", "EnMAP-Box"),
        ("HDF5:PRS_L2D_STD_1.he5://HDFEOS/SWATHS/PRS_L2D_HCO/Data_Fields/VNIR_Cube", "EnMAP-Box"),
        ("netcdf:EMIT_L2A_RFL_001_20230101T000000_2300101_001.nc:reflectance", "--orthorectify"),
    ],
)
def test_containers_that_are_no_image_say_what_to_do(path, word):
    with pytest.raises(RasterError, match=word):
        refuse_container(path)
    refuse_container(path.replace(".he5", ".tif").replace(".nc", ".tif"))
