"""The page's types of the API are those of the API."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_the_types_are_those_of_the_document(project_root: Path, tmp_path: Path) -> None:
    if not (project_root / "web" / "node_modules" / "openapi-typescript").is_dir():
        pytest.skip("needs web/node_modules: make setup")
    made = tmp_path / "schema.ts"
    script = project_root / "web" / "api_types.py"
    subprocess.run([sys.executable, str(script), str(made)], check=True, timeout=120)
    known = project_root / "web" / "src" / "lib" / "api" / "schema.ts"
    assert made.read_text() == known.read_text(), "make web-types"
