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
└── EngineUnavailable       (ImportError)        an optional engine is not installed

Every error is a builtin too, so callers may catch either. Its text is one sentence that
says what happened and, where there is one, what to do.
"""


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
