"""What the graph needs of a model runtime."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from posemill.blazepose.landmarks import HeatmapHead
from posemill.types import Floats

T = TypeVar("T")

Fill = Callable[[Floats], None]


class Model(Protocol):
    """One compiled model, safe to call from several threads."""

    def run(self, fill: Fill, read: Callable[..., T]) -> T:
        """Let ``fill`` write the input, float32 (size, size, 3), and ``read`` the outputs.

        Both see the model's own memory, which is theirs only until they return.
        """
        ...

    def run_all(self, jobs: Sequence[tuple[Fill, Callable[..., T]]]) -> list[T]:
        """Do several ``run`` of one frame in whatever way is fastest, and return in order."""
        ...


@dataclass(frozen=True, slots=True)
class Models:
    """The two models of the graph and what their outputs hold.

    ``detector``: boxes (2254, 12), scores (2254,). ``landmark``: landmarks (195,), score
    (1,), features (64, 64, channels), world (117,) and, with segmentation, mask (256, 256).
    ``head`` makes heatmaps of the features.
    """

    detector: Model
    landmark: Model
    head: HeatmapHead
