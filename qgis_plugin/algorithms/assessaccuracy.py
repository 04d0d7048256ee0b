"""How good a head is on labels, or a map on the points of a random sample: a report, and two numbers for models."""

from qgis.core import QgsProcessing, QgsProcessingOutputNumber, QgsProcessingParameterFileDestination

from ..i18n.texts import tr
from .labelled import LabelledAlgorithm
from .parameters import add, add_computing, add_head, add_inputs, add_reading


class AssessAccuracy(LabelledAlgorithm):
    VERB = "assessaccuracy"
    VERB_OF_ENGINE = "evaluate"
    GROUP = "heads"
    TITLE = "Assess accuracy"
    HELP = (
        "Compares the map that a head makes with labels that you trust, and writes a report: overall accuracy, user's "
        "and producer's accuracy, F1 and IoU of each class, and the confusion matrix.\n\n"
        "With polygons or label rasters it says how good the head is where these lie; take others than those the head "
        'was trained on. With the points of "Sample points for an accuracy assessment", their field "reference" '
        "filled in, it estimates the accuracy of the whole map and the area of each class, with confidence intervals. "
        "Selection, filter and unsaved edits of the labels count."
    )
    TAGS = ("accuracy", "validation", "confusion matrix", "error matrix", "kappa", "IoU", "F1", "report", "area")

    def initAlgorithm(self, configuration=None):
        add_head(self)
        add_inputs(self)
        self.add_labels(tr("polygons or points with a class field, or sampled points"))
        add_reading(self)
        add_computing(self)
        report = QgsProcessingParameterFileDestination(
            "OUTPUT_REPORT", tr("Report"), tr("HTML files (*.html)"), QgsProcessing.TEMPORARY_OUTPUT
        )
        add(self, report, tr("A page with all scores and the confusion matrix, for any browser."))
        words = tr("The share of labels, or of the map's area, for which the map is right.")
        self.add_output(QgsProcessingOutputNumber("ACCURACY", tr("Overall accuracy (0 to 1)")), words)
        words = tr("How well map and labels cover each other, as the mean of all classes, so that rare ones count.")
        self.add_output(QgsProcessingOutputNumber("MIOU", tr("Mean IoU (0 to 1)")), words)

    def processAlgorithm(self, parameters, context, feedback):
        output = self.output_file(parameters, "OUTPUT_REPORT", context)
        params = {**self.engine_options(parameters, context), "output": output}
        params["head"] = params["head"] or ""  # the default for the first raster
        with self.labels(parameters, context, feedback) as about:
            result = self.run_engine({**params, **about}, feedback)
        for line in score_lines(result):
            feedback.pushInfo(line)
        numbers = {"ACCURACY": result.get("accuracy"), "MIOU": result.get("miou")}
        return {"OUTPUT_REPORT": output, **{name: value for name, value in numbers.items() if value is not None}}


def score_lines(result: dict) -> list[str]:
    """The scores in sentences."""
    error = result.get("accuracy_se")
    text = tr("{head}: overall accuracy {accuracy}{interval}, kappa {kappa}, mean IoU {miou}")
    scores = {key: _number(result.get(key)) for key in ("accuracy", "kappa", "miou")}
    interval = "" if error is None else f" ± {1.96 * error:.3f}"
    lines = [text.format(head=result.get("head_name"), interval=interval, **scores)]
    each = tr("{name}: user's accuracy {users}, producer's accuracy {producers}, IoU {iou}, {labelled:,} {unit}{area}")
    for entry in result["classes"]:
        area = ""
        if entry.get("area_ha") is not None:
            area = f", {entry['area_ha']:,.2f} ha"
            if entry.get("area_ci95_ha") is not None:
                area += f" ± {entry['area_ci95_ha']:,.2f} ha"
        scores = {key: _number(entry.get(key)) for key in ("users", "producers", "iou")}
        line = each.format(name=entry["name"], labelled=entry["labelled"], unit=result["unit"], area=area, **scores)
        lines.append(line)
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
