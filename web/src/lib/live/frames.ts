const HIDDEN_MS = 1000;
const OLDEST_MS = 1000;

/**
 * Call `each` with the time of capture for every frame that `video` shows; return how to stop that.
 *
 * Hidden pages show nothing. They are served about once a second, so that a session doesn't end,
 * nor a recording, because somebody looked at another tab.
 */
export function everyFrame(video: HTMLVideoElement, each: (takenAt: number) => void): () => void {
  let isOver = false;
  let handle = 0;
  const next = () => {
    if (!isOver) handle = video.requestVideoFrameCallback(shown);
  };
  const shown = (now: number, about: VideoFrameCallbackMetadata) => {
    next();
    each(takenAt(now, about.captureTime));
  };
  const hidden = setInterval(() => {
    if (document.hidden && video.readyState >= video.HAVE_CURRENT_DATA) each(performance.now());
  }, HIDDEN_MS);
  next();
  return () => {
    isOver = true;
    clearInterval(hidden);
    video.cancelVideoFrameCallback(handle);
  };
}

/** Return when a frame was taken: not every camera tells, and some tell nonsense. */
export function takenAt(now: number, told: number | undefined): number {
  return told !== undefined && told <= now && now - told < OLDEST_MS ? told : now;
}
