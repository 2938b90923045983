"""Pictures within the document."""

from base64 import b64encode
from io import BytesIO
from typing import Final

from posemill.reports.html import Html, text
from posemill.types import Picture

_QUALITY: Final = 82


def figure(picture: Picture, caption: str = "", *, alt: str = "", longest_px: int = 900) -> Html:
    """Return a picture, RGB uint8, with a caption, as a JPEG within the page.

    ``alt``: what it shows, for those who don't see it; the caption where it is not given.
    ``longest_px``: a larger one is made smaller.
    """
    from PIL import Image  # noqa: PLC0415 - slow to import

    image = Image.fromarray(picture[:, :, :3])
    image.thumbnail((longest_px, longest_px))
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    data = b64encode(file.getvalue()).decode()
    width, height = image.size
    under = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    return Html(
        f'<figure><img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" '
        f'alt="{text(alt or caption)}">{under}</figure>'
    )
