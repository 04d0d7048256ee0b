"""A head from rasters and labels: a small classifier on the frozen model, cross-validated."""

from pathlib import Path

from qgis.core import QgsProcessingParameterFileDestination

from ..engine.modules import catalog
from ..i18n.texts import tr
from ..models.user_models import models_dir, new_head
from .labelled import LabelledAlgorithm
from .parameters import add, add_computing, add_inputs, add_reading, choice_parameter

MOST_NAMED = 5  # classes that one is taken for, in the log


class TrainHead(LabelledAlgorithm):
    VERB = "trainhead"
    VERB_OF_ENGINE = "fit"
    GROUP, PICTURE = "heads", "train"
    TITLE = "Train a head from labels"
    HELP = (
        "Teaches the model classes of your own: from raster layers of one sensor and labels with a class field it "
        "makes a head, which the other algorithms and the dialog offer from then on. The model itself does not change, "
        "so a few places per class are enough, far from each other, and a few minutes.\n\n"
        "Labels: polygons, points or lines, with their selection, filter and unsaved edits, in any coordinate system; "
        "classes are text or whole numbers. Task: one class per pixel (segment) or per tile (classify; a polygon "
        "labels the tiles that it covers by more than half, a point the one that it lies in). Kind: what the head "
        "sees, the model's features alone, the pixels too, or also their surroundings; auto takes the best one. The "
        "log lists the scores of a cross-validation that keeps labels whole: how well the head finds each class in "
        "labels that it has not learned from, and what it takes it for."
    )
    TAGS = ("train", "fit", "probe", "classifier", "supervised", "training areas", "polygons", "land cover")

    def initAlgorithm(self, configuration=None):
        add_inputs(self)
        self.add_labels(tr("polygons, points or lines with a class field"))
        task = choice_parameter(self, "TASK", tr("one class per pixel: segment, or per tile: classify"))
        add(self, task, tr('What the head is for: "Segment", or "Classify tiles".'))
        words = tr(
            "What the head sees: the model's features (linear), the pixels too, or also their surroundings "
            "(mlp+pixels, not for tiles). auto takes the best one."
        )
        add(self, choice_parameter(self, "KIND"), words)
        add_reading(self)
        add_computing(self, tr("pixels; 0: the model's own"))
        files = tr("OFA-Net heads (*.safetensors)")
        head = tr("Head")
        output = QgsProcessingParameterFileDestination("OUTPUT_HEAD", head, files, str(new_head()))
        add(self, output, tr("A small file. In the folder that is proposed, all algorithms find it."))

    def processAlgorithm(self, parameters, context, feedback):
        output = self.output_file(parameters, "OUTPUT_HEAD", context)
        if Path(output).parent == models_dir():
            models_dir().mkdir(parents=True, exist_ok=True)
        params = {**self.engine_options(parameters, context), "output": output}
        with self.labels(parameters, context, feedback) as about:
            result = self.run_engine({**params, **about}, feedback)
        if not self._label_rasters:
            _remember_labels(output, self._label_file, self.parameterAsString(parameters, "FIELD", context))
        for line in score_lines(result):
            feedback.pushInfo(line)
        return {"OUTPUT_HEAD": output}


def _remember_labels(head: str, file: str, field: str):
    """The head's file names the file that a layer was exported from, not the export, which is gone; nothing where there
    is none."""
    header = catalog.read_header(head)
    again = header["training"].pop("fit_again", None)
    if again and file:
        header["training"]["fit_again"] = again | {"labels": [file]} | ({"field": field} if field else {})
    catalog.rewrite_header(head, header, head)


def _shares(row: list[float], names: list[str]) -> str:
    """A row of the confusion matrix: the most frequent classes first."""
    shares = sorted(((n / sum(row), name) for n, name in zip(row, names, strict=True) if n), reverse=True)
    named, rest = shares[:MOST_NAMED], sum(share for share, _ in shares[MOST_NAMED:])
    if rest:
        named.append((rest, tr("others")))
    return ", ".join(f"{name} {share:.1%}" for share, name in named)


def score_lines(result: dict) -> list[str]:
    """The scores of a fit in sentences: the log's letters are not of one width."""
    names, validation = [entry["name"] for entry in result["classes"]], result["validation"]
    head = tr("A head to {task} {sensor}, of kind {kind}, with {count} classes: {path}")
    lines = [
        head.format(**{key: result[key] for key in ("task", "sensor", "kind")}, count=len(names), path=result["output"])
    ]
    if "miou" not in validation:
        return [*lines, tr("Its scores are not known: for a cross-validation each class needs polygons in two places")]
    text = tr("Cross-validated over {folds} folds of whole polygons: accuracy {accuracy:.1%}, mean IoU {miou:.3f}")
    lines.append(text.format(**{key: validation[key] for key in ("folds", "accuracy", "miou")}))
    each = tr("{name}: IoU {iou}, from {samples:,} samples in {groups} polygons; found as {found}")
    for k, name in enumerate(names):
        row, iou = validation["confusion"][k], validation["iou"][k]
        facts = {"name": name, "samples": result["samples"][name], "groups": result["groups"][name]}
        iou = "-" if iou is None or name in validation["not_scored"] else f"{iou:.3f}"
        lines.append(each.format(**facts, iou=iou, found=_shares(row, names) or "-"))
    if validation["not_scored"]:
        text = tr("Not scored, since all of it lies in one place: {names}")
        lines.append(text.format(names=", ".join(validation["not_scored"])))
    return lines
