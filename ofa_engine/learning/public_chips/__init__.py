"""Public imagery and land-cover labels as labelled chips, on an explicit request only."""

from .catalogue import Catalogue, read_catalogue
from .fetch import FetchedChips, fetch_labelled_chips

__all__ = ["Catalogue", "FetchedChips", "fetch_labelled_chips", "read_catalogue"]
