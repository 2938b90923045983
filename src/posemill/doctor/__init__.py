"""What could go wrong with a deployment here, looked at one by one; each with evidence and a fix.

Nothing in it imports numpy, OpenVINO or another compiled package into this process: those are
looked at in processes of their own, so that it works where the environment is broken.
"""

from posemill.doctor.check import Check, Examined, examine
from posemill.doctor.finding import LANGUAGES, Finding, Language, Result, Words
from posemill.doctor.premises import Premises, premises

__all__ = [
    "LANGUAGES",
    "Check",
    "Examined",
    "Finding",
    "Language",
    "Premises",
    "Result",
    "Words",
    "examine",
    "premises",
]
