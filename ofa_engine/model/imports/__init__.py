"""Public weights as checkpoints: `import_weights` writes one, `convert` gives tensors and embedders by our names."""

from .conversion import Conversion
from .importing import import_weights
from .layouts import build, convert
from .rename_map import RenameMap, read_rename_map
from .weight_files import read_weights

__all__ = ["Conversion", "RenameMap", "build", "convert", "import_weights", "read_rename_map", "read_weights"]
