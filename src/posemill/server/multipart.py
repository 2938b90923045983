"""Forms with one file, read as they arrive: nothing of the file is kept."""

from collections.abc import Callable
from typing import Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from posemill.server.problems import Problem

FORM: Final = "multipart/form-data"
_FIELD: Final = "file"


class FormFile:
    """The part ``file`` of a form. ``name`` is None until the part begins.

    Options belong into the address: another part, or a second file, is a Problem.
    """

    def __init__(self, content_type: str) -> None:
        self.name: str | None = None
        self._is_whole = False
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._disposition = b""
        self._found: list[bytes] = []
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise Problem("bad_body", reason="The form has no boundary.")
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError as error:
            raise Problem("bad_body", reason=f"{error}.") from error

    def feed(self, data: bytes) -> bytes:
        """Take more of the form; return what of the file was in it. Problem."""
        self._found = []
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Problem("bad_body", reason=f"The form is damaged: {error}.") from error
        return b"".join(self._found)

    def finish(self) -> None:
        """Check, at the end, that the form was whole and had a file. Problem."""
        if not self._is_whole:
            raise Problem("bad_body", reason="The form ends in the middle.")
        if self.name is None:
            raise Problem("bad_body", reason="The form has no part that is called file.")

    def _callbacks(self) -> Any:  # the parser's own type is not for export
        field, value = self._header

        def add(to: bytearray) -> Callable[[bytes, int, int], None]:
            return lambda data, start, end: to.extend(data[start:end])

        return {
            "on_header_field": add(field),
            "on_header_value": add(value),
            "on_header_end": self._header_ended,
            "on_headers_finished": self._part_began,
            "on_part_data": lambda data, start, end: self._found.append(data[start:end]),
            "on_end": self._ended,
        }

    def _header_ended(self) -> None:
        field, value = self._header
        if bytes(field).lower() == b"content-disposition":
            self._disposition = bytes(value)
        field.clear()
        value.clear()

    def _part_began(self) -> None:
        _, words = parse_options_header(self._disposition)
        self._disposition = b""
        called = words.get(b"name", b"").decode(errors="replace")
        if called != _FIELD:
            reason = f"A form has one part, file, and not {called[:40]!r}; options go in the query."
            raise Problem("bad_body", reason=reason)
        if self.name is not None:
            raise Problem(
                "bad_body", reason="A job takes one file; send a zip of several pictures."
            )
        self.name = words.get(b"filename", b"").decode(errors="replace")

    def _ended(self) -> None:
        self._is_whole = True
