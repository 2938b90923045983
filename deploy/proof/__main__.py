"""Build and try the image where no container engine is at hand, as root on a Debian machine.

    sudo python3 deploy/proof [--place FOLDER] [--context FOLDER] [--built]

Each step of the Dockerfile runs in a root folder that debootstrap makes of the image's Debian
release; then the service runs from the last one: its root file system read-only, without any
privilege, as the Dockerfile's user. Needs debootstrap, and the package registries.
"""

import argparse
import os
import pickle
import signal
import sys
from pathlib import Path

from dockerfile import stages
from image import Build, Image
from trial import Trial


def main() -> int:
    """Return 0 where everything was as it should be."""
    here = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--place", type=Path, default=Path("/var/tmp/posemill-proof"))
    parser.add_argument("--context", type=Path, default=here)
    parser.add_argument("--built", action="store_true", help="try what the last run built")
    chosen = parser.parse_args()
    if os.geteuid():
        parser.error("only root can mount and chroot")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends too
    chosen.place.mkdir(parents=True, exist_ok=True)
    kept = chosen.place / "image.pickle"
    image: Image = pickle.loads(kept.read_bytes()) if chosen.built else build(chosen)
    kept.write_bytes(pickle.dumps(image))
    return Trial(image, chosen.place).run()


def build(chosen: argparse.Namespace) -> Image:
    """Make all stages; return the last one."""
    names = ("MIRROR", "PIP_INDEX_URL", "NPM_CONFIG_REGISTRY")
    given = {name: os.environ[name] for name in names if name in os.environ}
    building = Build(chosen.context, chosen.place, given)
    found = stages((chosen.context / "Dockerfile").read_text(), given)
    for number, stage in enumerate(found):
        print(f"stage {stage.name or 'the image'}, from {stage.image}", flush=True)
        image = building.stage(stage, number)
    return image


if __name__ == "__main__":
    sys.exit(main())
