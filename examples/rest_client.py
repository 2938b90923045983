"""A photo to the service, with Python's own library; POSEMILL_AUTH_TOKEN is the token, if any.

Run: python examples/rest_client.py photo.jpg [http://localhost:5000]
"""

import json
import os
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def main(photo: str, service: str = "http://localhost:5000") -> None:
    """Print who the service sees in ``photo``."""
    data = Path(photo).read_bytes()
    request = Request(f"{service.rstrip('/')}/api/v1/detect?max_people=0", data)
    request.add_header("Content-Type", "application/octet-stream")
    if token := os.environ.get("POSEMILL_AUTH_TOKEN"):
        request.add_header("Authorization", f"Bearer {token}")
    with urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    for person in found["frames"][0]["people"]:
        nose = dict(zip(found["columns"], person["landmarks"][0], strict=True))
        print(f"person {person['id']}: score {person['score']}, nose at {nose['x']}, {nose['y']}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except HTTPError as error:
        if error.headers.get_content_type() != "application/problem+json":
            sys.exit(str(error))  # not the service: a proxy before it
        problem = json.load(error)
        sys.exit(f"{problem['code']}: {problem['detail']} {problem['advice']}")
    except (OSError, ValueError) as error:  # no such photo, no such service, no address
        sys.exit(str(error))
