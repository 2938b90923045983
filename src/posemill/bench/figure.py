"""Where the drawn person was once: it is in ``posemill.drawing.figure``."""

from posemill.drawing.figure import draw_figure, draw_figures

__all__ = ["draw_figure", "draw_figures"]
