"""Hectares on the ellipsoid, against a closed formula."""

import math

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRectangle

from qgis_plugin.widgets.extents import area_ha

WORLD = QgsCoordinateReferenceSystem("EPSG:4326")


@pytest.fixture
def project(qgis_app):
    """The project with a CRS, without which it has no ellipsoid."""
    found = QgsProject.instance()
    before = found.crs(), found.ellipsoid()
    found.setCrs(WORLD)
    yield found
    found.setCrs(before[0])
    found.setEllipsoid(before[1])


def _zone_ha(south: float, north: float, degrees: float) -> float:
    """Hectares between two parallels of WGS 84, by the closed formula."""
    a, e2 = 6378137.0, 0.0066943799901413165
    e = math.sqrt(e2)

    def q(latitude):
        s = math.sin(math.radians(latitude))
        return s / (1 - e2 * s * s) + math.atanh(e * s) / e

    return a * a * (1 - e2) / 2 * (q(north) - q(south)) * math.radians(degrees) / 1e4


@pytest.mark.parametrize("ellipsoid", ["EPSG:7030", "NONE"])
@pytest.mark.parametrize("south", [0, 45, 70])
def test_hectares_of_degrees(project, south, ellipsoid):
    project.setEllipsoid(ellipsoid)
    found = area_ha(QgsRectangle(10, south, 11, south + 1), WORLD)
    assert found == pytest.approx(_zone_ha(south, south + 1, 1), rel=1e-4)


def test_hectares_are_the_projects_and_never_guessed(project):
    project.setEllipsoid("EPSG:7004")  # Bessel's is smaller
    assert area_ha(QgsRectangle(10, 0, 11, 1), WORLD) < 0.9999 * _zone_ha(0, 1, 1)
    assert area_ha(QgsRectangle(0, 0, 10, 10), QgsCoordinateReferenceSystem()) is None
    assert area_ha(QgsRectangle(), WORLD) is None
