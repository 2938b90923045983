"""The steps of a job, in a confined process: ``python -m posemill.jobs.media``."""
