/** The live counts of those before the camera, as people want to read them. */
import type { FrameRecord } from "../api/client";

export interface Counted {
  id: number;
  count: number;
  progress: number | null;
}

type Told = { analysis?: { count?: { count: number; progress: number | null } } };

// Who hasn't been seen for so long is shown no longer, where others are.
const STAYS_MS = 5000;

export class Counter {
  /** What is counted, "" for nothing. */
  exercise = $state("");
  shown: readonly Counted[] = $state.raw([]);
  /** `told`: what the service counted last, which begins anew with every connection. */
  readonly #people = new Map<number, Counted & { told: number; seen: number }>();

  /** Take the newest record; return whether there is a repetition more. */
  take(record: FrameRecord, now: number): boolean {
    let isMore = false;
    for (const person of record.people) {
      const told = (person as Told).analysis?.count;
      if (!told) continue;
      const before = this.#people.get(person.id) ?? { count: 0, told: 0 };
      const more = told.count >= before.told ? told.count - before.told : told.count;
      isMore ||= more > 0;
      const count = before.count + more;
      this.#people.set(person.id, { id: person.id, count, progress: told.progress, told: told.count, seen: now });
    }
    this.#show(now);
    return isMore;
  }

  /** Count from 0 again, without another session. */
  reset(): void {
    for (const one of this.#people.values()) Object.assign(one, { count: 0 });
    this.shown = this.shown.map((one) => ({ ...one, count: 0 }));
  }

  /** Forget everybody: another exercise, another session. */
  forget(): void {
    this.#people.clear();
    this.shown = [];
  }

  #show(now: number): void {
    const newest = Math.max(...[...this.#people.values()].map(({ seen }) => seen));
    for (const [id, { seen }] of this.#people) if (newest - seen > STAYS_MS) this.#people.delete(id);
    this.shown = [...this.#people.values()]
      .sort((one, other) => one.id - other.id)
      .map(({ id, count, progress, seen }) => ({ id, count, progress: seen === now ? progress : null }));
  }
}
