"""What many tests share: places, pictures, and how Hypothesis behaves."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from posemill.types import Picture

# Machines that run tests are busy ones: an example may take its time.
settings.register_profile("posemill", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "posemill"))


# They measure times and rates, so that nothing else may run beside them.
ALONE: Final = frozenset(
    f"test_{name}.py"
    for name in ("bench", "cli_watch", "live_sources", "pipeline", "server_live", "streams")
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what has to run alone, for ``-m``."""
    for item in items:
        if item.path.name in ALONE:
            item.add_marker("alone")


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled models for this run, and out of the user's own cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder that holds pyproject.toml."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data(project_root: Path) -> Path:
    """Real pictures and videos beside the project; without them the test is skipped."""
    folder = project_root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real media in ../shared/data, which is not there")
    return folder


@pytest.fixture(scope="session")
def astronaut_path() -> Path:
    """scikit-image's photo of Eileen Collins: one person, 512x512, PNG."""
    return _skimage_picture("astronaut.png")


@pytest.fixture(scope="session")
def astronaut(astronaut_path: Path) -> Picture:
    """The same as RGB uint8 (512, 512, 3), not to be written to."""
    return _pixels(astronaut_path)


@pytest.fixture(scope="session")
def camera_man() -> Picture:
    """scikit-image's ``camera``, a man behind a tripod, grey, as RGB uint8 (512, 512, 3)."""
    return _pixels(_skimage_picture("camera.png"))


def _skimage_picture(name: str) -> Path:
    # Its files are read directly: importing it takes seconds, its loaders may download.
    spec = find_spec("skimage")
    assert spec is not None, "scikit-image belongs to the dev dependencies: run make"
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / name


def _pixels(path: Path) -> Picture:
    with Image.open(path) as image:
        pixels = np.array(image.convert("RGB"))
    pixels.flags.writeable = False
    return pixels
