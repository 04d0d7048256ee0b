"""One Processing algorithm a file; what they share is in common.py."""

from .assessaccuracy import AssessAccuracy
from .classify import Classify
from .detectsensor import DetectSensor
from .embed import Embed
from .samplepoints import SamplePoints
from .segment import Segment
from .segmentfolder import SegmentFolder
from .trainhead import TrainHead

ALGORITHMS = (DetectSensor, Segment, SegmentFolder, Classify, Embed, TrainHead, SamplePoints, AssessAccuracy)
