"""A video as a table, for spreadsheets, pandas and R: a row for each landmark of each person.

Run: python examples/video_to_csv.py clip.mp4 clip.csv
"""

import sys
from pathlib import Path

from posemill import PosemillError, PoseTracker, open_sink, open_source


def main(video: str, table: str) -> None:
    """Write the skeletons in ``video`` to ``table``; .jsonl and .json are other forms of it."""
    tracker = PoseTracker(max_people=0)  # one for each video: it remembers who is who
    with open_source(video) as source:
        sink = open_sink(Path(table), source.info, tracker.header(source.info))
        try:
            for frame in source:
                sink.write(tracker.track(frame), None)
            sink.finish()  # only now is the file there: whole, or not at all
        finally:
            sink.discard()
    if source.damage:
        print(source.damage, file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except PosemillError as error:
        sys.exit(str(error))
