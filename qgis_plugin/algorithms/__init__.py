"""One Processing algorithm a file; what they share is in common.py."""

from .classify import Classify
from .detectsensor import DetectSensor
from .embed import Embed
from .segment import Segment

ALGORITHMS = (DetectSensor, Segment, Classify, Embed)
