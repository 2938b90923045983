"""Measurements that print figures: `posemill bench`."""
