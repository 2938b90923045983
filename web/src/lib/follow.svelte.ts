import { address, api, Refusal, type Job } from "./api/client";
import { isFinal } from "./jobs";
import { status } from "./status.svelte";

const POLL_S = 2;
// Connections can be dead without anybody telling, behind proxies above all: ask where nothing came.
const SILENCE_S = 6;

/** One job, followed by server-sent events; by asking, where these don't get through. */
export class Followed {
  job: Job | null = $state.raw(null);
  isRemoved = $state(false);
  error: unknown = $state.raw(null);
  #events: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(readonly id: string) {}

  /** Ask how it is, in the chosen language, and follow it from there until it is over. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const job = await api.job(this.id);
      if (this.#isClosed) return;
      this.error = null;
      this.job = job;
      if (isFinal(job)) this.#leave();
      else this.#follow();
    } catch (error) {
      if (!this.#isClosed) this.#failed(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#leave();
  }

  #failed(error: unknown): void {
    if (error instanceof Refusal && error.problem?.code === "job_not_found") {
      this.isRemoved = true;
      this.#leave();
      return;
    }
    const isPassing = error instanceof Refusal && error.isPassing;
    if (isPassing && !error.problem) void status.look(); // which says that the service is gone
    else this.error = error;
    if (isPassing) this.#later(POLL_S);
  }

  #later(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), 1000 * seconds);
  }

  #follow(): void {
    const isGivenUp = this.#events?.readyState === EventSource.CLOSED;
    this.#later(isGivenUp ? POLL_S : SILENCE_S);
    if (this.#events) return;
    const events = new EventSource(address(`api/v1/jobs/${this.id}/events`));
    this.#events = events;
    events.addEventListener("job", (event: MessageEvent<string>) => this.#told(event.data));
    events.addEventListener("removed", () => {
      this.isRemoved = true;
      this.#leave();
    });
    events.onerror = () => {
      void status.look();
      this.#later(POLL_S); // it also comes back by itself; whichever is first
    };
  }

  #told(data: string): void {
    const job = JSON.parse(data) as Job;
    this.#later(SILENCE_S);
    if (isFinal(job)) this.#leave();
    // Events are told in the browser's language, not in the chosen one.
    if (job.problem) void this.look();
    else this.job = job;
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#events?.close();
    this.#events = null;
  }
}
