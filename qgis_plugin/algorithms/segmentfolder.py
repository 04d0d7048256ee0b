"""One head over a folder of scenes: a class raster for each, one mosaic of all, and a table of areas."""

import glob
import json
import re
from dataclasses import replace
from pathlib import Path

from osgeo import gdal
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingOutputRasterLayer,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
)

from ..engine.client import engine_python
from ..engine.modules import MappedClass, errors
from ..i18n.texts import duration, tr
from ..results.map_run import map_title
from ..results.post_processing import load_classes
from .common import EngineAlgorithm
from .parameters import add, add_device, add_head, add_min_area, add_reading

_MANIFEST = "batch.json"
_UNFINISHED = re.compile(r"\..+?\.\d+\.(?:scratch\.)?part\b.*")  # how the engine names what it is writing
_NO_DASK, _DASK = "ofanet[batch]", "distributed cryptography"  # what the engine says then, and what pip wants


class SegmentFolder(EngineAlgorithm):
    VERB = "segmentfolder"
    VERB_OF_ENGINE = "batch"
    TASK = "segment"
    TITLE = "Segment a folder of scenes"
    HELP = (
        "Labels each pixel of all rasters in a folder, and in the folders below it, with the classes of one head. A "
        "scene that fails stops no other; the log says why it failed.\n\n"
        "Run it again with the same output folder to do only what is missing: scenes that are new, changed, failed on "
        "the way, or were not reached when it was cancelled. The output folder also holds a mosaic of all results, "
        "which is loaded, and tables of scenes and areas."
    )
    TAGS = ("batch", "many", "folder", "mosaic", "scenes", "land cover", "semantic segmentation", "deep learning")

    def __init__(self):
        super().__init__()
        self._folder = Path()
        self._logged, self._ended = (
            None,
            -1,
        )  # scenes that the log has named, None before the first look; how many ended

    def initAlgorithm(self, configuration=None):
        folder = QgsProcessingParameterFile("INPUT", tr("Folder"), QgsProcessingParameterFile.Behavior.Folder)
        add(self, folder, tr("All rasters in it and in the folders below it are scenes; hidden files are not."))
        pattern = QgsProcessingParameterString("PATTERN", tr("Only files that match, e.g. S2*.tif"), optional=True)
        add(self, pattern, tr("A star stands for any letters, a question mark for one. Empty: all rasters."))
        add_head(self)
        add_min_area(self)
        add_reading(self)
        add_device(self)
        words = tr(
            "One class raster for each scene, under its name; mosaic.vrt, which shows them as one; areas.csv and "
            "batch.csv, tables of areas and scenes. Take the same folder again to go on where a run ended."
        )
        add(self, QgsProcessingParameterFolderDestination("OUTPUT", tr("Results folder")), words)
        words = tr("The results as one layer; the first one, where scenes differ in coordinate system or classes.")
        self.add_output(QgsProcessingOutputRasterLayer("MOSAIC", tr("Mosaic")), words)
        words = tr("Pixels and hectares of each class in each scene, as CSV.")
        self.add_output(QgsProcessingOutputFile("AREAS", tr("Table of areas")), words)
        self.add_output(QgsProcessingOutputNumber("DONE", tr("Scenes that are done")), tr("Now or in earlier runs."))
        self.add_output(QgsProcessingOutputNumber("FAILED", tr("Scenes that failed")), tr("The log says why."))

    def _rasters(self, parameters, context):
        return []  # INPUT is a folder; the engine looks into it

    def _check_more(self, parameters, context):
        folder = self.parameterAsFile(parameters, "INPUT", context)
        if folder and not Path(folder).is_dir():
            raise errors.InputError(tr("Expected a folder of rasters, found {path}").format(path=folder))

    def prepareAlgorithm(self, parameters, context, feedback):
        folder = Path(self.parameterAsFile(parameters, "INPUT", context)).absolute()
        self._paths, self._layer_name = [str(folder)], folder.name
        return True

    def processAlgorithm(self, parameters, context, feedback):
        self._folder = Path(self.output_file(parameters, "OUTPUT", context))
        params = self.engine_options(parameters, context)
        params["inputs"], params["output"] = [self._scenes(parameters, context)], str(self._folder)
        try:
            answer = self.run_engine(params, feedback)
        except QgsProcessingException as error:
            self._sweep()
            if _NO_DASK not in str(error):
                raise
            text = tr('The engine lacks Dask, which runs many scenes. Install it: "{python}" -m pip install {names}')
            raise QgsProcessingException(text.format(python=engine_python(), names=_DASK)) from error
        self.report_progress({}, feedback)
        return self._finish(answer, context, feedback)

    def _scenes(self, parameters, context) -> str:
        """The folder, or a pattern of files in it."""
        folder = self._paths[0]
        pattern = self.parameterAsString(parameters, "PATTERN", context).strip()
        return str(Path(glob.escape(folder), "**", pattern)) if pattern else folder

    def report_progress(self, message, feedback):
        """Names each scene as it ends; what failed, the engine says."""
        entries = self._entries()
        done = {entry["id"]: entry for entry in entries if entry["state"] == "done"}
        if self._logged is None:
            self._logged = set(done)  # of earlier runs
        for name in [name for name in done if name not in self._logged]:
            self._logged.add(name)
            text = tr("{scene}: done with {head}, {time}")
            entry = done[name]
            head = (entry.get("head") or {}).get("name", "")
            feedback.pushInfo(text.format(scene=name, head=head, time=duration(entry.get("seconds") or 0)))
        ended = sum(entry["state"] in ("done", "failed") for entry in entries)
        if ended != self._ended:
            self._ended = ended
            text = tr("{done} of {total} scenes").format(done=ended, total=len(entries))
            if message.get("seconds_left"):
                text += tr(", about {time} left").format(time=duration(message["seconds_left"]))
            feedback.setProgressText(text)

    def _entries(self) -> list[dict]:
        """The scenes of the manifest as it is now: the engine rewrites it whole."""
        try:
            return json.loads((self._folder / _MANIFEST).read_text(encoding="utf-8"))["scenes"]
        except (OSError, ValueError, KeyError):
            return []

    def _sweep(self):
        """An engine that had to be ended may leave half files."""
        for path in self._folder.glob(".*") if self._folder.is_dir() else ():
            if _UNFINISHED.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def _finish(self, answer: dict, context, feedback) -> dict:
        text = tr("{done} of {scenes} scenes are done, {run} of them now; {failed} failed")
        feedback.pushInfo(text.format(**{key: answer[key] for key in ("done", "scenes", "run", "failed")}))
        why = [f"{entry['id']}: {entry['why']}" for entry in answer["failures"]]
        if not answer["done"]:
            raise QgsProcessingException(tr("No scene could be segmented. {why}").format(why="; ".join(why[:3])))
        for line in why:
            feedback.pushWarning(line)
        for path in answer["mosaics"]:
            self._load(path, len(answer["mosaics"]) > 1, context)
        found = {
            "OUTPUT": str(self._folder),
            "AREAS": answer["areas"],
            "DONE": answer["done"],
            "FAILED": answer["failed"],
        }
        return found | ({"MOSAIC": answer["mosaics"][0]} if answer["mosaics"] else {})

    def _load(self, path: str, one_of_several: bool, context):
        """The mosaic in the project, with the names and colours of the classes that occur."""
        dataset = gdal.Open(path)
        members = {Path(name).name for name in dataset.GetFileList() or ()}
        entries = [entry for entry in self._entries() if entry["state"] == "done" and entry["output"] in members]
        classes: dict[int, MappedClass] = {}
        for found in (MappedClass.from_json(found) for entry in entries for found in entry["classes"]):
            known = classes.get(found.value, replace(found, pixels=0))
            classes[found.value] = replace(known, pixels=known.pixels + (found.pixels or 0))
        name = map_title(self._layer_name, entries[0]["head"]["name"] if entries else "")
        if one_of_several and dataset.GetSpatialRef() is not None:
            name += f" ({dataset.GetSpatialRef().GetName()})"
        if context.project() is not None and not context.willLoadLayerOnCompletion(path):
            details = QgsProcessingContext.LayerDetails(name, context.project(), "MOSAIC")
            context.addLayerToLoadOnCompletion(path, details)
        load_classes(context, path, name, list(classes.values()))
