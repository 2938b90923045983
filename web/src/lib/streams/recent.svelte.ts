/** The last minutes of one stream, for its chart. */
import { Records } from "../records";
import type { Column } from "../series";
import type { Stream, StreamRecord } from "./types";

export const WINDOW_S = 180;
// Old ones are forgotten so many seconds at a time.
const SLACK_S = 30;

export interface Ages {
  times: number[];
  columns: [Column, Column];
}

export class Recent {
  /** Counts up when there is something new to show: not with every record. */
  beat = $state(0);
  records = new Records();
  #ages: { at: number; p50: number | null; p95: number | null }[] = [];

  take(record: StreamRecord): void {
    this.records.take(record.at, record.people);
  }

  /** The stream's figures come once a second, and are when to show what came. */
  status(stream: Stream, now: number): void {
    this.#ages.push({ at: now, p50: stream.age_p50_ms, p95: stream.age_p95_ms });
    const begin = now - WINDOW_S;
    if (this.#ages[0] && this.#ages[0].at < begin - SLACK_S) this.#ages = this.#ages.filter(({ at }) => at >= begin);
    const [first] = this.records.times;
    if (first !== undefined && first < begin - SLACK_S) this.records = this.records.since(begin);
    this.beat += 1;
  }

  /** Return the ages of its results, in milliseconds: the median, and what 95 % stay below. */
  ages(now: number): Ages {
    return {
      times: this.#ages.map(({ at }) => at - now),
      columns: [this.#ages.map(({ p50 }) => p50), this.#ages.map(({ p95 }) => p95)],
    };
  }

  /** Return how many people were there. */
  crowd(): Column {
    return this.records.times.map((_, frame) => this.records.crowd(frame));
  }

  /** Return when its frames were, seen from now. */
  times(now: number): number[] {
    return this.records.times.map((time) => time - now);
  }
}
