"""How alike two people's postures or movements are."""

from posemill.analysis.comparing.compare import compare_motions, compare_poses
from posemill.analysis.comparing.comparison import Comparison, JointDifference, Moments
from posemill.analysis.comparing.features import NAMES, mirrored
from posemill.analysis.comparing.similarity import similarity

__all__ = [
    "NAMES",
    "Comparison",
    "JointDifference",
    "Moments",
    "compare_motions",
    "compare_poses",
    "mirrored",
    "similarity",
]
