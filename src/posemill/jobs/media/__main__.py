"""The media process of a worker."""

from posemill.jobs.media.steps import build
from posemill.workers import run_as_media_process

if __name__ == "__main__":
    run_as_media_process(build)
