"""The service: HTTP and WebSocket in front of the media processes and the jobs."""
