"""Random points of a class map, to be labelled by eye for an accuracy assessment."""

from qgis.core import QgsProcessing, QgsProcessingParameterVectorDestination

from ..i18n.texts import SAMPLE_POINTS, titled, tr
from ..results.post_processing import load_points
from .common import EngineAlgorithm
from .parameters import add, add_input, advanced, number_parameter


class SamplePoints(EngineAlgorithm):
    VERB = "samplepoints"
    VERB_OF_ENGINE = "sample"
    GROUP = "heads"
    TITLE = SAMPLE_POINTS
    HELP = (
        "Draws pixels of a class map at random within each class (a stratified random sample, after Olofsson et al. "
        '2014). Look at each point in better imagery and choose its class in the field "reference"; what the map says '
        'is hidden meanwhile, so that it does not sway you. Points that you cannot tell stay empty. Then run "Assess '
        'accuracy" with these points: it estimates the accuracy of the whole map and the area of each class, with '
        "confidence intervals.\n\n"
        "The number of points follows from the standard error that you want of the overall accuracy; a rare class gets "
        "at least the least number. The same seed draws the same points. Do not move or delete points."
    )
    TAGS = ("accuracy", "validation", "stratified", "random sample", "reference", "Olofsson")

    def initAlgorithm(self, configuration=None):
        words = tr("A map of classes, with their numbers as pixel values.")
        add_input(self, titled(tr("Class layer"), tr("as Segment writes it")), words)
        words = tr(
            "How sure you want to be: 0.02 makes an accuracy of 0.85 one of 0.81 to 0.89. Less means more points."
        )
        add(self, number_parameter(self, "TARGET_ERROR", decimals=3), words)
        add(
            self,
            number_parameter(self, "LEAST", tr("at least")),
            tr("So that something can be said of rare classes, too."),
        )
        add(self, advanced(number_parameter(self, "SEED")), tr("The same number draws the same points again."))
        kind = QgsProcessing.SourceType.TypeVectorPoint
        points = QgsProcessingParameterVectorDestination("OUTPUT", tr("Points"), kind)
        add(self, points, tr('Points to look at: fill in "reference" with the class that you see.'))

    def processAlgorithm(self, parameters, context, feedback):
        output = self.output_path(parameters, "OUTPUT", context)
        params = {**self.engine_options(parameters, context), "output": output}
        result = self.run_engine(params, feedback)
        text = tr(
            "{points} points; if each class is right in {right:.0%} of its area, the overall accuracy will have a "
            "standard error of about {error:.3f}"
        )
        feedback.pushInfo(
            text.format(
                points=result["points"], right=result["conjectured_users_accuracy"], error=result["expected_error"]
            )
        )
        for entry in result["classes"]:
            text = tr("{name}: {points} points, {share:.1%} of the map")
            feedback.pushInfo(text.format(name=entry["name"], points=entry["points"], share=entry["weight"]))
        names = [entry["name"] for entry in result["classes"]]
        load_points(context, output, tr("{layer} points").format(layer=self._layer_name), names)
        return {"OUTPUT": output}
