"""The requirements that the plugin reads from setup.cfg."""

from qgis_plugin.setup.requirements import engine_requirements


def test_requirements_come_from_setup_cfg(qgis_app):
    found = engine_requirements()
    assert any(line.startswith("torch>=") for line in found.engine) and "torchvision" in found.engine
    assert list(found.minimum_versions()) == [line.split(">")[0] for line in found.engine]
    assert found.minimum_python == (3, 10)
    assert found.environment == [*found.engine, *found.batch]
    assert "distributed" in [line.split(">")[0] for line in found.batch]
