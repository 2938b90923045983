"""A person's segmentation mask as a tint over the picture."""

from typing import Final

import numpy as np
from PIL import Image

from posemill.drawing.strokes import Colour
from posemill.types import Picture, Pose

# Okabe and Ito's palette again, in an order in which neighbours differ most.
PERSON_COLOURS: Final[tuple[Colour, ...]] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
)
_OPACITY: Final = 0.5


def person_colour(person: Pose) -> Colour:
    """Return the colour of a person, the same for the same id."""
    return PERSON_COLOURS[person.id % len(PERSON_COLOURS)]


def tint_mask(canvas: Picture, person: Pose) -> None:
    """Tint ``canvas``, RGB or RGBA, where ``person`` is; nothing for a person without mask."""
    if person.mask is None:
        return
    colour = person_colour(person)
    strength = Image.fromarray((person.mask * np.float32(255 * _OPACITY)).astype(np.uint8))
    size = (canvas.shape[1], canvas.shape[0])
    if strength.size != size:  # drawn on a copy of another size
        strength = strength.resize(size, Image.Resampling.BILINEAR)
    box = strength.getbbox()
    if box is None:
        return
    left, top, right, bottom = box
    region = canvas[top:bottom, left:right]
    image = Image.fromarray(np.ascontiguousarray(region))
    if image.mode == "RGBA":
        tint = Image.new("RGBA", image.size, colour)
        tint.putalpha(strength.crop(box))
        image.alpha_composite(tint)
    else:
        image.paste(colour, (0, 0, *image.size), strength.crop(box))
    region[:] = np.asarray(image)
