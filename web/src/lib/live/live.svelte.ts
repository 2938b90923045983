/** What the live section does: a camera, a session, a recording, and how they depend on each other. */
import { socketAddress } from "../api/client";
import { options, query } from "../options.svelte";
import { status } from "../status.svelte";
import * as camera from "./camera";
import { Counter } from "./counter.svelte";
import { everyFrame } from "./frames";
import { Recording } from "./recording.svelte";
import { refusalOf } from "./refusal";
import { Session } from "./session.svelte";
import { Shots } from "./shots";

const ASK_MS = 8000;

/** The last recording: it stays until it is saved or replaced, also while other sections are shown. */
export const last: { recording: Recording | null } = $state({ recording: null });

export class Live {
  stage: "off" | "asking" | "on" = $state("off");
  problem: camera.CameraProblem | null = $state(null);
  /** Whether the browser's question has been waiting for an answer for long. */
  isIgnored = $state(false);
  cameras: camera.Camera[] = $state.raw([]);
  chosen = $state("");
  stream: MediaStream | null = $state.raw(null);
  #isUsed = false;
  readonly session: Session;
  readonly counter = new Counter();

  readonly #shots = new Shots();
  #asked = 0;
  #forget: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.session = new Session({
      connect: () => {
        const { exercise } = this.counter;
        const counting = exercise ? { exercise } : {};
        return new WebSocket(socketAddress("api/v1/live", { ...query(options), ...counting, max_fps: fps() }));
      },
      rate: fps,
      jpeg: (shot) => this.#shots.jpeg(shot),
      giveBack: (shot) => this.#shots.giveBack(shot),
      refusal: refusalOf,
      recorded: (...frame) => last.recording?.take(...frame),
    });
  }

  /** Switch a camera on: `id`, or the one of last time; instead of the one that is on. */
  async start(id?: string): Promise<void> {
    const stage = this.stage === "on" ? "on" : "asking"; // where one is chosen, the rest stays shown
    this.stop(); // first: phones don't open two at the same time
    this.#isUsed = true;
    const asked = (this.#asked += 1);
    this.stage = stage;
    this.#timer = setTimeout(() => (this.isIgnored = true), ASK_MS);
    try {
      const stream = await camera.openCamera(id);
      // Somebody stopped, or left, while the browser was asking.
      if (asked === this.#asked) this.#run(stream);
      else camera.release(stream);
    } catch (error) {
      if (asked === this.#asked) this.#fail(error instanceof camera.NoCamera ? error.problem : "busy");
    }
  }

  /** Give everything back: camera, connection, what was shown. */
  stop(): void {
    this.#asked += 1;
    clearTimeout(this.#timer);
    last.recording?.stop();
    this.session.close();
    for (const track of this.stream?.getTracks() ?? []) track.onended = null;
    camera.release(this.stream);
    this.#forget?.();
    Object.assign(this, { stage: "off", stream: null, problem: null, isIgnored: false });
  }

  /** Follow the frames of `video`; return how to stop. */
  follow(video: HTMLVideoElement, shown: () => void): () => void {
    return everyFrame(video, (takenAt) => {
      shown();
      if (!this.session.wants(takenAt)) return;
      const shot = this.#shots.take(video, takenAt);
      if (shot) void this.session.send(shot);
    });
  }

  /** For the button that takes another's place: the keyboard's focus goes along with it. */
  readonly inPlace = (button: HTMLElement): void => {
    const isLost = document.activeElement === document.body;
    if (this.#isUsed && isLost) button.focus({ preventScroll: true });
  };

  record(withVideo: boolean): void {
    last.recording = new Recording(withVideo ? this.stream : null);
  }

  #run(stream: MediaStream): void {
    clearTimeout(this.#timer);
    for (const track of stream.getVideoTracks()) track.onended = () => this.#fail("lost");
    Object.assign(this, { stage: "on", stream, isIgnored: false, chosen: camera.idOf(stream) });
    camera.remember(this.chosen);
    this.session.open();
    this.#forget = camera.watchCameras((found) => (this.cameras = found));
  }

  #fail(problem: camera.CameraProblem): void {
    this.stop();
    this.problem = problem;
  }
}

/** Return how many frames a second are sent. */
export function fps(): number {
  return Math.min(options.fps, status.limit("max_fps", options.fps));
}
