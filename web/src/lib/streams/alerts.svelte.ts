import { Refusal } from "../api/client";
import { alerts, type Asked } from "../api/streams";
import { renewed, taken } from "./alerts";
import type { Alert } from "./types";
import { unread } from "./unread.svelte";

const PAGE = 30;
const MOST = 200; // of one answer

/** A list of alerts that is kept current: of all streams, or of one. */
export class AlertList {
  list: Alert[] = $state.raw([]);
  isKnown = $state(false);
  hasMore = $state(false);
  onlyNew = $state(false);
  error: unknown = $state.raw(null);

  constructor(readonly stream = "") {}

  async look(): Promise<void> {
    const limit = Math.min(MOST, Math.max(PAGE, this.list.length));
    const onlyNew = this.onlyNew;
    await this.#try(async () => {
      const newest = await alerts.list(this.#query(limit));
      if (onlyNew !== this.onlyNew) return; // chosen otherwise meanwhile
      const isWhole = newest.length < limit;
      this.list = renewed(this.list, newest, isWhole || onlyNew);
      this.hasMore = isWhole ? false : !this.isKnown || this.hasMore;
      this.isKnown = true;
    });
  }

  async more(): Promise<void> {
    const last = this.list.at(-1);
    if (!last) return;
    await this.#try(async () => {
      const older = await alerts.list({ ...this.#query(PAGE), before: last.id });
      this.list = older.reduce(taken, this.list);
      this.hasMore = older.length === PAGE;
    });
  }

  choose(onlyNew: boolean): void {
    this.onlyNew = onlyNew;
    this.list = onlyNew ? this.list.filter((alert) => alert.acknowledged === null) : this.list;
    this.isKnown = false;
    void this.look();
  }

  /** Something was told of an alert. */
  take(alert: Alert): void {
    if (!this.stream || alert.stream === this.stream) this.list = taken(this.list, alert);
  }

  async acknowledge(alert: Alert): Promise<void> {
    await this.#try(async () => this.take(await alerts.acknowledge(alert.id)));
    void unread.look();
  }

  async acknowledgeAll(): Promise<void> {
    await this.#try(async () => {
      for (const alert of this.list)
        if (alert.acknowledged === null) this.take(await alerts.acknowledge(alert.id));
    });
    void unread.look();
  }

  #query(limit: number): Asked {
    return { limit, ...(this.stream && { stream: this.stream }), ...(this.onlyNew && { unacknowledged: true }) };
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.error = null;
    } catch (error) {
      // That the service is gone is said by the connection.
      this.error = error instanceof Refusal && !error.problem ? null : error;
    }
  }
}
