"""What a job says of movements, once all its records are there."""

from contextlib import closing
from pathlib import Path
from typing import Any

from posemill.analysis.motion import motions
from posemill.documents import count_document
from posemill.errors import PosemillError
from posemill.jobs.media.results import write_bytes
from posemill.records import dumps
from posemill.sources.recordings import Recording


def write_counts(records: Path, target: Path, exercise: str) -> dict[str, Any]:
    """Count an exercise in records, write the document, and return what the summary says of it.

    That is a problem where it can't be done: hours of many people may be more than fits into
    memory, and the job's other results are no worse for that.
    """
    try:
        with closing(Recording(records)) as recording:
            everyone = motions(recording)
        document = count_document(recording.header, everyone, exercise)
    except (PosemillError, MemoryError) as error:
        reason = str(error) or "the video is too long for it"
        return {"problem": f"{exercise} could not be counted: {reason.rstrip('.')}."}
    write_bytes(target, dumps(document).encode())
    keys = ("id", "exercise", "count", "between", "doubts")
    return {"counts": [{key: each[key] for key in keys} for each in document["people"]]}
