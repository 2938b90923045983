"""What the schemas of /openapi.json are made of."""

from collections.abc import Sequence
from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
SHARE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
FREE: Final[Schema] = {"type": "object"}
YES: Final[Schema] = {"type": "boolean"}


def ref(name: str) -> Schema:
    """Return what stands for a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(about: str, optional: Sequence[str] = (), /, **properties: Schema) -> Schema:
    """Return the schema of an object that has all of these but ``optional``; there may be more."""
    return {
        "type": "object",
        "description": about,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def some(schema: Schema) -> Schema:
    """Return a schema that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema, length: int | None = None) -> Schema:
    """Return the schema of a list, of ``length`` where that is fixed."""
    bounds = {} if length is None else {"minItems": length, "maxItems": length}
    return {"type": "array", "items": schema, **bounds}
