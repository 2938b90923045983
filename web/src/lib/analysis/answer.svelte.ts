import { Refusal } from "../api/client";
import { status } from "../status.svelte";

const AGAIN_MS = 2000;

/** An answer that takes a while: the newest question's, asked again where that may help. */
export class Answer<Value> {
  value: Value | null = $state.raw(null);
  error: unknown = $state.raw(null);
  isLoading = $state(false);
  #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Ask, and forget what was asked before; the old answer stays until the new one is there. */
  async ask(question: (signal: AbortSignal) => Promise<Value>): Promise<void> {
    this.close();
    const stop = (this.#stop = new AbortController());
    this.isLoading = true;
    this.error = null;
    try {
      const value = await question(stop.signal);
      if (stop.signal.aborted) return;
      this.value = value;
      this.isLoading = false;
    } catch (error) {
      if (!stop.signal.aborted) this.#failed(error, question);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.isLoading = false;
  }

  #failed(error: unknown, question: (signal: AbortSignal) => Promise<Value>): void {
    this.isLoading = false;
    this.error = error;
    this.value = null;
    if (!(error instanceof Refusal && error.isPassing)) return;
    if (!error.problem) void status.look();
    const wait_ms = error.retryAfterS === null ? AGAIN_MS : 1000 * error.retryAfterS;
    this.#timer = setTimeout(() => void this.ask(question), wait_ms);
  }
}
