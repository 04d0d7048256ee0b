"""One Processing algorithm a file; what they share is in common.py."""

from .assessaccuracy import AssessAccuracy
from .classify import Classify
from .detectsensor import DetectSensor
from .embed import Embed
from .samplepoints import SamplePoints
from .segment import Segment
from .segmentfolder import SegmentFolder
from .stack import Stack
from .trainhead import TrainHead

ALGORITHMS = (DetectSensor, Stack, Segment, SegmentFolder, Classify, Embed, TrainHead, SamplePoints, AssessAccuracy)
