"""Maps only inside polygons, without masked pixels, without small areas."""

from pathlib import Path

import numpy as np
import pytest
from algorithm_runs import run
from conftest import sample
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsGeometry,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)


def quarter_layer(path: Path, crs="EPSG:4326") -> QgsVectorLayer:
    """A file of two polygons in another CRS: the scene's north-west quarter ("yes") and its south-east one ("no")."""
    scene = QgsRasterLayer(sample("naip"))
    box, middle = scene.extent(), scene.extent().center()
    there = QgsCoordinateTransform(scene.crs(), QgsCoordinateReferenceSystem(crs), QgsCoordinateTransformContext())
    made = QgsVectorLayer(f"Polygon?crs={crs}&field=wanted:string", "parts", "memory")
    for word, (x, y) in {"yes": (box.xMinimum(), box.yMaximum()), "no": (box.xMaximum(), box.yMinimum())}.items():
        feature, shape = QgsFeature(made.fields()), QgsGeometry.fromRect(QgsRectangle(x, y, middle.x(), middle.y()))
        shape.transform(there)
        feature.setGeometry(shape)
        feature["wanted"] = word
        made.dataProvider().addFeature(feature)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "parts"
    assert QgsVectorFileWriter.writeAsVectorFormatV3(made, str(path), QgsCoordinateTransformContext(), options)[0] == 0
    return QgsVectorLayer(f"{path}|layername=parts", "parts of it")


def labelled(path: str) -> np.ndarray:
    """Where a class raster has a class."""
    return gdal.Open(path).ReadAsArray() != 255


@pytest.mark.parametrize("how", ["file", "selection", "filter", "expression", "edits"])
def test_segment_only_inside_polygons(plugin, tmp_path, how):
    parts, out = quarter_layer(tmp_path / "parts.gpkg"), str(tmp_path / "o.tif")
    QgsProject.instance().addMapLayer(parts)
    given = parts.id()
    if how == "selection":
        parts.selectByExpression("wanted = 'yes'")
        given = QgsProcessingFeatureSourceDefinition(parts.id(), selectedFeaturesOnly=True)
    elif how == "filter":
        assert parts.setSubsetString("wanted = 'yes'")
    elif how == "expression":
        given = QgsProcessingFeatureSourceDefinition(parts.id(), filterExpression="wanted = 'yes'")
    elif how == "edits":
        parts.startEditing()
        parts.deleteFeature(next(f.id() for f in parts.getFeatures() if f["wanted"] == "no"))
    try:
        run("segment", {"INPUT": sample("naip"), "OUTPUT": out, "OVERLAP": 0, "MASK": given})
    finally:
        parts.rollBack()
        QgsProject.instance().removeMapLayer(parts.id())
    found = labelled(out)
    height, width = (length // 2 for length in found.shape)
    inner = np.zeros_like(found)
    inner[: height - 2, : width - 2] = True
    assert found[inner].all() and not found[:height, width + 2 :].any()
    assert found[height + 2 :, width + 2 :].all() == (how == "file") == found[height + 2 :, width + 2 :].any()
    assert gdal.Open(out).GetMetadata("OFANET")["MASK"] == ("parts.gpkg" if how == "file" else "parts of it.gpkg")


def test_classify_only_inside_polygons_with_a_report(plugin, tmp_path):
    out, report = str(tmp_path / "o.gpkg"), str(tmp_path / "o.html")
    given = {"INPUT": sample("naip"), "OUTPUT": out, "HEAD": "naip_tiles", "TILE_SIZE": 64, "OUTPUT_REPORT": report}
    found = run("classify", {**given, "MASK": quarter_layer(tmp_path / "parts.gpkg").source()})
    assert found == {"OUTPUT": out, "OUTPUT_REPORT": report} and "naip" in Path(report).read_text(encoding="utf-8")
    assert QgsVectorLayer(out).featureCount() < 64


def test_mask_raster_values_smallest_area_and_report_reach_the_engine(plugin, tmp_path):
    scene = gdal.Open(sample("naip"))
    clouds = str(tmp_path / "clouds.tif")
    values = np.ones((scene.RasterYSize, scene.RasterXSize), np.uint8)
    values[:40], values[-40:] = 3, 9
    copy = gdal.GetDriverByName("GTiff").Create(clouds, *values.shape[::-1], 1, gdal.GDT_Byte)
    copy.SetGeoTransform(scene.GetGeoTransform())
    copy.SetProjection(scene.GetProjection())
    copy.WriteArray(values)
    del copy
    out, report = str(tmp_path / "o.tif"), str(tmp_path / "o.html")
    given = {
        "INPUT": sample("naip"),
        "OUTPUT": out,
        "OVERLAP": 0,
        "VALID_MASK": clouds,
        "MASK_VALUES": " 3, 9",
        "MIN_AREA": 0.01,
        "OUTPUT_REPORT": report,
    }
    assert run("segment", given) == {"OUTPUT": out, "OUTPUT_REPORT": report}
    found = labelled(out)
    assert not found[:40].any() and not found[-40:].any() and found[40:-40].all()
    tags = gdal.Open(out).GetMetadata("OFANET")
    assert (tags["VALID_MASK"], tags["MASK_VALUES"], tags["MIN_AREA_HA"]) == ("clouds.tif", "3,9", "0.01")
    assert "<html" in Path(report).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"MASK_VALUES": "3,9"}, "Expected a mask raster with the values"),
        ({"MASK_VALUES": "clouds", "VALID_MASK": sample("naip")}, "found clouds"),
        ({"VALID_MASK": "/nowhere/clouds.tif"}, "clouds.tif"),
        ({"MASK": "/nowhere/parts.gpkg"}, "parts.gpkg"),
        ({"MASK": "points"}, "Expected a layer of polygons"),
        ({"MASK": "nothing selected"}, "Expected polygons in .*, found none"),
        ({"MIN_AREA": -1}, "MIN_AREA"),
        ({"OUTPUT_REPORT": "/nowhere/o.html"}, "nowhere"),
    ],
)
def test_bad_masks_are_met_in_plain_words(plugin, tmp_path, change, match):
    if change.get("MASK") in ("points", "nothing selected"):
        kind = "Point" if change["MASK"] == "points" else "Polygon"
        vector = QgsVectorLayer(f"{kind}?crs=EPSG:4326", "x", "memory")
        QgsProject.instance().addMapLayer(vector)
        change = {"MASK": QgsProcessingFeatureSourceDefinition(vector.id(), selectedFeaturesOnly=kind == "Polygon")}
    with pytest.raises(QgsProcessingException, match=match):
        run("segment", {"INPUT": sample("naip"), "OUTPUT": str(tmp_path / "o.tif"), **change})
    QgsProject.instance().removeAllMapLayers()
    assert not list(tmp_path.iterdir())


# --- bad input ---------------------------------------------------------------------------------------------------
