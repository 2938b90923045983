"""Durable jobs: a video, or a zip of pictures, becomes records and an annotated copy.

What was taken is not lost, whatever is killed: uploads are on the disk before they are answered,
the work is a DBOS workflow in steps, and results appear when they are whole.
"""

from posemill.jobs.job import FINAL_STATES, STATES, Job
from posemill.jobs.jobs import Jobs
from posemill.jobs.store import RESULTS
from posemill.jobs.uploads import Upload

__all__ = ["FINAL_STATES", "RESULTS", "STATES", "Job", "Jobs", "Upload"]
