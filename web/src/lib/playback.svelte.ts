/** A video in step with its records: what is shown, when, and who is in it. */
import type { Person } from "./api/client";
import type { Records } from "./records";

const NOBODY: readonly Person[] = [];
// Tables beside the video are read, not watched: they follow at this pace while it plays.
const CALM_MS = 200;
// A frame is shown from its time on: seeking aims a little behind that, since times are rounded.
const INSIDE_S = 0.004;
// Records that are further from the frame than so many of their steps are not of it.
const REACH = 0.75;

export class Playback {
  /** Seconds of the source, as records have them. */
  time = $state(0);
  end = $state(0);
  isPlaying = $state(false);
  rate = $state(1);
  /** How many records are known so far. */
  count = $state(0);
  /** The nearest record's place, -1 without any. */
  frame = $state(-1);
  people: readonly Person[] = $state.raw(NOBODY);
  calmFrame = $state(-1);
  calmPeople: readonly Person[] = $state.raw(NOBODY);
  /** Called after a leap, so that nobody draws a line to before. */
  leapt: () => void = () => undefined;

  #video: HTMLVideoElement | null = null;
  #draw: () => void = () => undefined;
  #isCopy = false;
  #firstMedia: number | null = null;
  #wanted: number | null = null;
  #aim = -1;
  #calmAt = 0;

  constructor(readonly records: Records) {}

  /** Where the source's time begins in the records: a copy begins with the first frame that was looked at. */
  get start(): number {
    return this.#isCopy ? (this.records.times[0] ?? 0) : 0;
  }

  /** Follow a video element; `draw` is called for frames that change nothing else. */
  attach(video: HTMLVideoElement, isCopy: boolean, draw: () => void): () => void {
    Object.assign(this, { isPlaying: false });
    [this.#video, this.#isCopy, this.#draw] = [video, isCopy, draw];
    this.#firstMedia = null;
    const stop = eachFrame(video, (media, isFirst) => this.#shown(media, isFirst));
    return () => {
      stop();
      if (this.#video === video) this.#video = null;
    };
  }

  /** More records came, or there is no video: show what is known of the present moment. */
  refresh(): void {
    this.count = this.records.count;
    if (!this.#video) this.end = Math.max(this.end, this.records.times.at(-1) ?? 0);
    this.#show(this.time);
  }

  /** Tell what the video element tells of itself. */
  noted(): void {
    const video = this.#video;
    if (!video) return;
    if (Number.isFinite(video.duration)) this.end = this.#source(video.duration);
    this.isPlaying = !video.paused && !video.ended;
    if (!this.isPlaying) this.#calm(true);
  }

  /** A seek is over: go where it was meant to be since. */
  settled(): void {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted !== null) this.#go(wanted);
    else this.#draw();
  }

  toggle(): void {
    if (this.#video?.paused) this.play();
    else this.pause();
  }

  play(): void {
    if (this.#video?.ended) this.seek(this.start);
    void this.#video?.play().catch(() => undefined); // `error` tells
  }

  pause(): void {
    this.#video?.pause();
  }

  setRate(rate: number): void {
    this.rate = rate;
    if (this.#video) this.#video.playbackRate = rate;
  }

  seek(time: number): void {
    this.#aim = -1;
    this.#leap(time);
  }

  /** Go so many records on, or back. */
  step(count: number): void {
    this.#video?.pause();
    const { times } = this.records;
    const from = this.#aim >= 0 ? this.#aim : this.frame;
    if (!times.length) return;
    const to = Math.min(times.length - 1, Math.max(0, from + count));
    const length = (times[to + 1] ?? Infinity) - times[to]!;
    this.#leap(times[to]! + Math.min(INSIDE_S, length / 4));
    this.#aim = to;
  }

  #leap(time: number): void {
    const to = Math.min(Math.max(time, this.start), this.end);
    this.leapt();
    this.time = to;
    if (!this.#video) this.#show(to);
    else if (this.#video.seeking) this.#wanted = to;
    else this.#go(to);
  }

  #go(time: number): void {
    if (this.#video) this.#video.currentTime = time - this.start + (this.#firstMedia ?? 0);
  }

  #source(media: number): number {
    return media - (this.#firstMedia ?? 0) + this.start;
  }

  #shown(media: number, isFirst: boolean): void {
    // The first frame shown is the source's first, whatever the container calls its time.
    this.#firstMedia ??= isFirst ? media : 0;
    const time = this.#source(media);
    // While it is dragged, the bar stays under the finger.
    if (!this.#video?.seeking && this.#wanted === null) this.time = time;
    this.#show(time);
  }

  #show(time: number): void {
    const frame = this.records.nearest(time);
    const at = this.records.times[frame] ?? Infinity;
    const reach = Math.max(REACH * this.records.interval, INSIDE_S * 2);
    if (frame === this.#aim || this.isPlaying) this.#aim = -1;
    const people = Math.abs(at - time) <= reach ? this.#known(frame) : NOBODY;
    this.frame = frame;
    // Whoever shows `people` draws when they change; the picture changes all the same.
    if (people === this.people) this.#draw();
    else this.people = people;
    this.#calm(!this.isPlaying);
  }

  #known(frame: number): readonly Person[] {
    const isShown = frame === this.frame && this.people.length;
    return isShown ? this.people : this.records.people(frame);
  }

  #calm(isNow: boolean): void {
    const now = performance.now();
    if (!isNow && now - this.#calmAt < CALM_MS) return;
    this.#calmAt = now;
    this.calmFrame = this.frame;
    this.calmPeople = this.people;
  }
}

/** Call back with the time of each frame that is presented; where the browser can't tell, of each
 * moment that is painted. */
function eachFrame(
  video: HTMLVideoElement,
  told: (media: number, isFirst: boolean) => void,
): () => void {
  let isOver = false;
  let asked = 0;
  if ("requestVideoFrameCallback" in video) {
    const shown: VideoFrameRequestCallback = (_, frame) => {
      if (isOver) return;
      asked = video.requestVideoFrameCallback(shown);
      told(frame.mediaTime, frame.presentedFrames <= 1 && video.currentTime < 0.001);
    };
    asked = video.requestVideoFrameCallback(shown);
  } else {
    let last = -1;
    const painted = (): void => {
      if (isOver) return;
      asked = requestAnimationFrame(painted);
      const { currentTime: time } = video as HTMLVideoElement;
      if (time !== last && (video as HTMLVideoElement).readyState >= 2) told((last = time), false);
    };
    asked = requestAnimationFrame(painted);
  }
  return () => {
    isOver = true;
    if ("requestVideoFrameCallback" in video) video.cancelVideoFrameCallback(asked);
    else cancelAnimationFrame(asked);
  };
}
