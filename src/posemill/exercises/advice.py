"""The rules that advice is given by, from the file that holds them in two languages."""

import tomllib
from functools import cache
from importlib.resources import files

from posemill.analysis.scoring import Rules, parse_rules


@cache
def advice_rules() -> Rules:
    """Return the known rules."""
    text = (files("posemill.exercises") / "advice.toml").read_text(encoding="utf-8")
    return parse_rules(tomllib.loads(text))
