"""Reports as one HTML file that needs nothing else: parts first, then the page around them.

    document("Squats", [heading("Knees"), line_chart("Knee flexion", time_s, [left, right])])

Parts are HTML with all text escaped; what they show is up to who makes them.
"""

from posemill.reports.bars import bar_chart
from posemill.reports.charts import Moment, Span, line_chart
from posemill.reports.document import document
from posemill.reports.html import (
    LANGUAGES,
    Html,
    Language,
    beside,
    heading,
    language_of,
    paragraph,
    section,
)
from posemill.reports.pictures import figure
from posemill.reports.svg import Series
from posemill.reports.tables import Cell, Level, facts, notes, table

__all__ = [
    "LANGUAGES",
    "Cell",
    "Html",
    "Language",
    "Level",
    "Moment",
    "Series",
    "Span",
    "bar_chart",
    "beside",
    "document",
    "facts",
    "figure",
    "heading",
    "language_of",
    "line_chart",
    "notes",
    "paragraph",
    "section",
    "table",
]
