"""``python -m posemill``."""

import sys

from posemill.cli import main

sys.exit(main())
