import { alerts } from "../api/streams";
import { status } from "../status.svelte";

const POLL_MS = 15_000;
const MOST = 100;

/** How many alerts nobody has acknowledged yet: what the navigation tells. */
class Unread {
  count = $state(0);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The count for people. */
  get text(): string {
    return this.count < MOST ? String(this.count) : `${MOST - 1}+`;
  }

  /** Look now, and from now on now and then. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.count = (await alerts.list({ limit: MOST, unacknowledged: true })).length;
    } catch {
      // That the service is gone, or lets nobody in, is said elsewhere.
    }
    this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const isOfUse = !document.hidden && (this.count > 0 || status.hasStreams);
      if (isOfUse) void this.look();
      else this.#plan();
    }, POLL_MS);
  }
}

export const unread = new Unread();
