"""MediaPipe's pose graph as pure functions: no file, clock, thread, log or network."""
