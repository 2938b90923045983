"""The process behind the service that watches streams.

    python -m posemill.streams.process

It speaks ``posemill.workers.messages``: the first one holds settings and what to watch; further
ones are requests, each answered under its ``id``; what streams tell comes in between as events.
It may use the network, since cameras are there, and little else.
"""

import logging
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, NoReturn

from posemill.config import Settings, parse_watching
from posemill.errors import PosemillError, name_of
from posemill.streams.hub import Event, Hub
from posemill.streams.probing import probe
from posemill.streams.watcher import Watcher
from posemill.workers import (
    Limits,
    confine,
    end_with_parent,
    give_up_capabilities,
    keep_private,
    receive,
    send,
    take_pipes,
)

_OPEN_FILES: Final = 4096
# Of records and pictures that wait for a slow reader; further ones are left out.
_MOST_WAITING: Final = 256
_MAY_BE_LEFT_OUT: Final = ("record", "picture")

Message = tuple[Mapping[str, Any], bytes]


class Mailbox:
    """What goes up the pipe, written by a thread of its own, so that no stream waits for it."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._waiting: deque[Message] = deque()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="posemill-mailbox", daemon=True).start()

    def tell(self, event: Event) -> None:
        """Send an event, unless it is one of many and too many wait."""
        if event.kind in _MAY_BE_LEFT_OUT and len(self._waiting) >= _MOST_WAITING:
            return
        fields = {"event": event.kind, "stream": event.stream, "fields": event.fields}
        self.put(fields, event.data)

    def put(self, fields: Mapping[str, Any], data: bytes = b"") -> None:
        """Send a message."""
        with self._changed:
            self._waiting.append((fields, data))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                fields, data = self._waiting.popleft()
            try:
                send(self._pipe, fields, data)
            except OSError:  # nobody reads: the service is gone
                os._exit(0)


class Requests:
    """What the service may ask."""

    def __init__(self, watcher: Watcher, settings: Settings) -> None:
        self._watcher, self._settings = watcher, settings

    def handlers(self) -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
        """Return what to do by the word for it."""
        watcher = self._watcher
        return {
            "one": lambda request: watcher.one(request["name"]),
            "look": lambda request: watcher.look(request["name"], request["who"], request["width"]),
            "add": lambda request: watcher.add(request["raw"]),
            "change": lambda request: watcher.change(request["name"], request["raw"]),
            "remove": lambda request: watcher.remove(request["name"]),
            "probe": lambda request: probe(request["raw"], self._settings),
            "test_alert": lambda request: watcher.test_alert(request["name"]),
        }


def _answer(
    do: Callable[[Mapping[str, Any]], Any], request: Mapping[str, Any], mailbox: Mailbox
) -> None:
    number = request["id"]
    try:
        mailbox.put({"id": number, "answer": do(request)})
    except PosemillError as error:
        mailbox.put({"id": number, "error": name_of(type(error)), "text": str(error)})
    except Exception as error:  # whoever asked is told, and the streams go on
        logging.getLogger("posemill").exception("request %s", request["do"])
        mailbox.put({"id": number, "error": "posemill_error", "text": type(error).__name__})


def _serve() -> NoReturn:
    # Terminals and supervisors signal the whole group; this one ends with its pipe, in good order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    keep_private()
    give_up_capabilities()
    end_with_parent()
    logging.basicConfig(format="posemill: %(message)s", level=logging.INFO)
    requests, answers = take_pipes()
    first = receive(requests)
    if first is None:
        os._exit(0)
    settings = Settings(**first[0]["settings"])
    mailbox, hub = Mailbox(answers), Hub()
    hub.listen(mailbox.tell)
    watching = parse_watching(first[0]["watching"], settings, "the settings")
    confine(Limits(open_files=_OPEN_FILES), network=True)
    watcher = Watcher(settings, watching, hub)
    watcher.start(added=True)
    mailbox.put({"ready": True})
    handlers = Requests(watcher, settings).handlers()
    while (message := receive(requests)) is not None:
        request = message[0]
        arguments = (handlers[request["do"]], request, mailbox)
        if request["do"] == "probe":  # takes seconds
            threading.Thread(target=_answer, args=arguments, daemon=True).start()
        else:
            _answer(*arguments)
    watcher.close()
    os._exit(0)


def main() -> NoReturn:
    """Be that process; a fault of ours ends it, with its trace on stderr."""
    try:
        _serve()
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(0)
    except PosemillError as error:
        print(f"posemill: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


if __name__ == "__main__":
    main()
