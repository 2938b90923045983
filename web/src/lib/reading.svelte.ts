import { api, Refusal } from "./api/client";
import { Playback } from "./playback.svelte";
import { read, Records } from "./records";

const AGAIN_MS = 2000;

/** A job's records on their way, and the playback that follows them. */
export class Reading {
  playback = $state.raw(new Playback(new Records()));
  isComplete = $state(false);
  error: unknown = $state.raw(null);
  #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly job: string) {}

  /** Read them, again where that broke off. */
  async load(): Promise<void> {
    this.error = null;
    this.close();
    const stop = (this.#stop = new AbortController());
    const mine = (this.playback = this.playback.records.count ? new Playback(new Records()) : this.playback);
    try {
      const stream = await api.stream(api.result(this.job, "records"), stop.signal);
      await read(stream as ReadableStream<Uint8Array<ArrayBuffer>>, mine.records, () => mine.refresh());
      this.isComplete = true;
    } catch (problem) {
      if (problem instanceof DOMException && problem.name === "AbortError") return;
      this.error = problem;
      // A stream that broke off ends in a TypeError.
      const isPassing = problem instanceof Refusal ? problem.isPassing : problem instanceof TypeError;
      if (isPassing) this.#timer = setTimeout(() => void this.load(), AGAIN_MS);
    }
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }
}
