"""Makes the page's types of the API from the service's own OpenAPI document.

python web/api_types.py web/src/lib/api/schema.ts
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from posemill.server.app import api

_GENERATOR = "node_modules/openapi-typescript/bin/cli.js"


def main(target: Path) -> int:
    """Write ``target``; return the exit code."""
    web = Path(__file__).parent
    with tempfile.NamedTemporaryFile("w", suffix=".json") as document:
        json.dump(api().openapi(), document)
        document.flush()
        node = Path(sys.executable).with_name("node")
        command = [str(node), _GENERATOR, document.name, "--output", str(target.resolve())]
        return subprocess.run(command, cwd=web, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
