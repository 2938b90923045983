"""The errors posemill raises, drawn as one tree.

PosemillError
├── SettingError            (ValueError)         a setting is unknown, ill-typed or out of range
├── UsageError              (ValueError)         a request that makes no sense as a whole
├── SourceError             (OSError)            a source can't be read
│   ├── SourceNotFound      (FileNotFoundError)
│   ├── UnsupportedSource                        the format is not one that posemill reads
│   ├── BrokenSource                             damaged, truncated or empty
│   └── SourceTooLarge                           beyond a size limit, refused before decoding
├── SinkError               (OSError)            an output can't be written
├── ModelError              (RuntimeError)
│   ├── ModelMissing        (FileNotFoundError)
│   └── ModelCorrupt                             its bytes are not the published ones
├── EngineUnavailable       (ImportError)        an optional engine is not installed
├── WorkerError             (RuntimeError)       a process that handles media gave no answer
│   ├── WorkerCrashed                            it ended
│   └── WorkerTimeout                            it took too long, and was ended
├── StreamError             (RuntimeError)       a stream can't be changed as it was asked for
│   ├── StreamNotFound      (LookupError)        there is no such stream
│   ├── StreamExists                             there is one of that name already
│   └── StreamFixed                              it is in the settings file
├── AlertStoreError         (RuntimeError)       alerts can't be stored, or looked up, for now
├── Busy                    (RuntimeError)       too much waits already; try again later
├── NoRoom                  (OSError)            there is no room left to store something
└── JobError                (RuntimeError)       a job can't do what it was asked for
    ├── JobNotFound         (LookupError)        there is no such job
    └── JobStoreError                            jobs can't be stored, or looked up, for now

Every error is a builtin too, so callers may catch either. Its text is one sentence that
says what happened and, where there is one, what to do.
"""

from collections.abc import Mapping
from typing import Final


class PosemillError(Exception):
    """Base of everything that posemill raises on purpose."""


class SettingError(PosemillError, ValueError):
    """A setting is unknown, ill-typed or out of range."""


class UsageError(PosemillError, ValueError):
    """A request that makes no sense as a whole."""


class SourceError(PosemillError, OSError):
    """A source can't be read."""


class SourceNotFound(SourceError, FileNotFoundError):
    """There is nothing at the address of a source."""


class UnsupportedSource(SourceError):
    """The format of a source is not one that posemill reads."""


class BrokenSource(SourceError):
    """A source is damaged, truncated or empty."""


class SourceTooLarge(SourceError):
    """A source is beyond a size limit and was refused before decoding."""


class SinkError(PosemillError, OSError):
    """An output can't be written."""


class ModelError(PosemillError, RuntimeError):
    """A model file can't be used."""


class ModelMissing(ModelError, FileNotFoundError):
    """A model file is not in the package."""


class ModelCorrupt(ModelError):
    """The bytes of a model file are not the published ones."""


class EngineUnavailable(PosemillError, ImportError):
    """An optional engine is not installed."""


class WorkerError(PosemillError, RuntimeError):
    """A process that handles media gave no answer."""


class WorkerCrashed(WorkerError):
    """A process that handles media ended before it answered."""


class WorkerTimeout(WorkerError):
    """A process that handles media took too long and was ended."""


class StreamError(PosemillError, RuntimeError):
    """A stream can't be changed as it was asked for."""


class StreamNotFound(StreamError, LookupError):
    """There is no such stream."""


class StreamExists(StreamError):
    """There is a stream of that name already."""


class StreamFixed(StreamError):
    """A stream is in the settings file, and can't be changed from elsewhere."""


class AlertStoreError(PosemillError, RuntimeError):
    """Alerts can't be stored, or looked up, for now."""


class Busy(PosemillError, RuntimeError):
    """Too much waits already; ``retry_after_s``: when to try again."""

    def __init__(self, text: str, retry_after_s: float = 1.0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class NoRoom(PosemillError, OSError):
    """There is no room left to store something."""


class JobError(PosemillError, RuntimeError):
    """A job can't do what it was asked for."""


class JobNotFound(JobError, LookupError):
    """There is no such job."""


class JobStoreError(JobError):
    """The database or the folder of the jobs can't be used for now."""


def name_of(kind: type[PosemillError]) -> str:
    """Return the stable word for a kind of error, as ``source_too_large``."""
    words = "".join(f"_{each.lower()}" if each.isupper() else each for each in kind.__name__)
    return words.lstrip("_")


# For whoever is told of an error in a word, by another process.
BY_NAME: Final[Mapping[str, type[PosemillError]]] = {
    name_of(kind): kind
    for kind in vars().copy().values()
    if isinstance(kind, type) and issubclass(kind, PosemillError)
}
