const WINDOW_MS = 2000;
const LATENCIES = 31;

/** How many a second, over the last two. */
export class RateMeter {
  #times: number[] = [];

  tick(now: number): void {
    this.#times.push(now);
    this.#forget(now);
  }

  rate(now: number): number {
    this.#forget(now);
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (first === undefined || last === undefined || last <= first) return 0;
    return ((this.#times.length - 1) * 1000) / (last - first);
  }

  clear(): void {
    this.#times = [];
  }

  #forget(now: number): void {
    while (this.#times[0] !== undefined && now - this.#times[0] > WINDOW_MS) this.#times.shift();
  }
}

/** The middle of the last values: one slow frame doesn't make it jump. */
export class MedianMeter {
  #values: number[] = [];

  take(value: number): void {
    this.#values.push(value);
    if (this.#values.length > LATENCIES) this.#values.shift();
  }

  get median(): number | null {
    const sorted = this.#values.toSorted((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }

  clear(): void {
    this.#values = [];
  }
}
