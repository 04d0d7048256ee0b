"""Reading vector files: which layer, tables with places, odd geometries and encodings."""

import numpy as np
import pyogrio
import pytest
import shapely

from ofa_engine.core.errors import InputError
from ofa_engine.raster.vectors import field_names, finite, is_vector, read_vector

from ..conftest import write_raster

SQUARE = shapely.box(0, 0, 10, 10)


def write(path, shapes, kind="Polygon", crs="EPSG:32633", values=None, **more):
    values = np.array(values or list("ab" * len(shapes))[: len(shapes)], object)
    wkb = None if shapes[0] is None else shapely.to_wkb(np.array(shapes, object))
    pyogrio.raw.write(path, wkb, [values], ["class"], geometry_type=kind, crs=crs, **more)
    return str(path)


def test_one_of_several_layers_must_be_named(tmp_path):
    path = write(tmp_path / "a.gpkg", [SQUARE], layer="train")
    assert read_vector(path, "labels").name == "a", "the only layer needs no name, and gives none"
    write(tmp_path / "a.gpkg", [SQUARE, SQUARE], layer="validation", append=True)
    with pytest.raises(InputError, match=r"found 2 in a.gpkg: train, validation; name one, e.g. '.*a.gpkg.layername=t"):
        read_vector(path, "labels")
    for word in ("layername=validation", "layerid=1", 'layername="validation"'):
        found = read_vector(f"{path}|{word}", "labels")
        assert found.name == "validation" and len(found.geometries) == 2 and found.crs == "EPSG:32633"
    assert field_names(f"{path}|layername=train") == ["class"] and field_names(path) == []
    for word, says in (
        ("layername=test", "train, validation"),
        ("layerid=7", "found .layerid=7"),
        ("subset=x", "subset"),
    ):
        with pytest.raises(InputError, match=says):
            read_vector(f"{path}|{word}", "labels")


def test_tables_without_geometry_do_not_count_as_layers(tmp_path):
    path = write(tmp_path / "a.gpkg", [SQUARE], layer="fields")
    write(tmp_path / "a.gpkg", [None], kind=None, crs=None, layer="layer_styles", append=True)
    assert len(read_vector(path, "labels").geometries) == 1
    alone = write(tmp_path / "b.gpkg", [None], kind=None, crs=None)
    with pytest.raises(InputError, match="a table without geometry in b.gpkg"):
        read_vector(alone, "labels")


@pytest.mark.parametrize(
    "text, crs, place",
    [
        ("class,lon,lat\nforest,13.5,52.25\n", "EPSG:4326", (13.5, 52.25)),
        ("Longitude;Latitude;class\n13,5;52,25;forest\n", "EPSG:4326", (13.5, 52.25)),
        ("class\tX\tY\nforest\t390000\t5790000\n", None, (390000, 5790000)),
        ('class,WKT\nforest,"POINT(390000 5790000)"\n', None, (390000, 5790000)),
        ('class,wkt_geom\nforest,"Polygon ((0 0, 2 0, 2 2, 0 2, 0 0))"\n', None, (1, 1)),
    ],
)
def test_tables_with_places(tmp_path, text, crs, place):
    (tmp_path / "a.csv").write_text(text)
    found = read_vector(str(tmp_path / "a.csv"), "labels", ["class"])
    assert found.crs == crs and found.fields["class"].tolist() == ["forest"]
    assert shapely.get_coordinates(shapely.centroid(found.geometries)).tolist() == [list(place)]


@pytest.mark.parametrize("header", ["id,class", "class,row,column", "class,lon"])
def test_tables_without_places(tmp_path, header):
    (tmp_path / "a.csv").write_text(f"{header}\n" + ",".join("1" for _ in header.split(",")) + "\n")
    with pytest.raises(InputError, match="without places in a.csv .*: name the columns lon and lat"):
        read_vector(str(tmp_path / "a.csv"), "labels")


def test_geometries_without_numbers_are_none(tmp_path):
    odd = [SQUARE, shapely.Polygon(), shapely.Polygon([(0, 0), (np.inf, 1), (1, 1)])]
    assert finite(np.array([*odd, None, shapely.Point(np.nan, 1)], object)).tolist() == [True] + 4 * [False]
    found = read_vector(write(tmp_path / "a.gpkg", odd), "labels")
    assert shapely.is_missing(found.geometries).tolist() == [False, True, True] and found.kinds() == {"Polygon"}
    high = read_vector(write(tmp_path / "b.gpkg", [shapely.force_3d(SQUARE, 5.0)], "Polygon Z"), "labels")
    assert not shapely.has_z(high.geometries).any()


@pytest.mark.parametrize("encoding", ["UTF-8", "CP1252"])
def test_a_shapefile_that_lost_its_encoding(tmp_path, encoding):
    path = write(tmp_path / "a.shp", [SQUARE, SQUARE], values=["Müll", "Grünland"], encoding=encoding)
    (tmp_path / "a.cpg").unlink(missing_ok=True)
    assert read_vector(path, "labels").fields["class"].tolist() == ["Müll", "Grünland"]


def test_what_is_a_vector_file(tmp_path):
    raster = write_raster(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint8))
    picture = write_raster(tmp_path / "a.png", np.ones((1, 8, 8), np.uint8), driver="PNG", crs=None, transform=None)
    (tmp_path / "a.txt").write_text("no labels")
    assert not any(map(is_vector, map(str, (raster, picture, tmp_path / "a.txt", tmp_path / "none.gpkg"))))
    assert is_vector(write(tmp_path / "a.gpkg", [SQUARE])) and is_vector(write(tmp_path / "a.fgb", [SQUARE]))
    for path in (raster, tmp_path / "a.txt"):
        with pytest.raises(InputError, match="expected a file of polygons that GDAL can read, found a"):
            read_vector(str(path), "polygons")


def test_names_that_the_reader_takes_for_something_else(tmp_path):
    for name in ("a;b.gpkg", "a!b.gpkg"):
        (tmp_path / name).touch()
        with pytest.raises(InputError, match="rename it"):
            read_vector(str(tmp_path / name), "labels")
    assert len(read_vector(write(tmp_path / "a|b #%20.gpkg", [SQUARE]), "labels").geometries) == 1
    write(tmp_path / "a|b #%20.gpkg", [SQUARE], layer="two", append=True)
    assert read_vector(f"{tmp_path / 'a|b #%20.gpkg'}|layername=two", "labels").name == "two"
