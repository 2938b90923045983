"""How well a movement is done, against a template made of reference clips."""

from posemill.analysis.scoring.cycle import Span, Times
from posemill.analysis.scoring.making import make_template, spans_of
from posemill.analysis.scoring.result import Advice, JointScore, RepetitionScore, Score
from posemill.analysis.scoring.rules import NO_RULES, Rule, Rules, parse_rules
from posemill.analysis.scoring.score import score, spans_like
from posemill.analysis.scoring.template import Curve, Phase, Template, parse_template

__all__ = [
    "NO_RULES",
    "Advice",
    "Curve",
    "JointScore",
    "Phase",
    "RepetitionScore",
    "Rule",
    "Rules",
    "Score",
    "Span",
    "Template",
    "Times",
    "make_template",
    "parse_rules",
    "parse_template",
    "score",
    "spans_like",
    "spans_of",
]
