"""What a run learns, by name. Another objective is a class as `Objective` describes it, and an entry in the table."""

from collections.abc import Callable

from training.pretraining.objectives.masked_autoencoding import MaskedAutoencoding
from training.pretraining.objectives.objective import Objective
from training.pretraining.objectives.statistics_contrast import StatisticsContrast

# each is made from the configuration, the samples by sensor id and the pair sets by name
OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "mae": MaskedAutoencoding,
    "statistics+contrast": StatisticsContrast,
}
