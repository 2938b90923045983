/** Frames on their way: how many, how often. Whoever can't be served now is left out, not queued. */

interface Sent<Held> {
  number: number;
  at: number;
  held: Held;
}

// Two: while one is in work, the next is on its way. A third would only wait, and grow old.
const MOST = 2;
// The service drops frames without a word where it is busy: they aren't waited for longer.
const PATIENCE_MS = 5000;

/** The frames that were sent and not answered yet, oldest first. */
export class Flow<Held> {
  #sent: Sent<Held>[] = [];
  #count = 0;

  /** `forget` is told of each frame that will have no answer. */
  constructor(private readonly forget: (held: Held) => void) {}

  /** Whether another frame may go. */
  hasRoom(now: number): boolean {
    while (this.#sent[0] && now - this.#sent[0].at > PATIENCE_MS) this.#pass();
    return this.#sent.length < MOST;
  }

  /** Note a frame that goes now. The service counts them in the same way. */
  send(held: Held, now: number): void {
    this.#sent.push({ number: this.#count, at: now, held });
    this.#count += 1;
  }

  /** Return what was held for frame `number`, null where that was given up. Earlier ones are over. */
  answer(number: number): Held | null {
    while (this.#sent[0] && this.#sent[0].number < number) this.#pass();
    if (this.#sent[0]?.number !== number) return null;
    return this.#sent.shift()?.held ?? null;
  }

  /** A new connection: nothing is on its way, and counting begins at 0. */
  clear(): void {
    while (this.#sent.length) this.#pass();
    this.#count = 0;
  }

  #pass(): void {
    const passed = this.#sent.shift();
    if (passed) this.forget(passed.held);
  }
}

/** When the next frame is due, so that there are `rate` a second, on average too. */
export class Pace {
  readonly #interval: number;
  #due = -Infinity;

  constructor(rate: number) {
    this.#interval = 1000 / rate;
  }

  /** A quarter of an interval early is due as well: cameras have their own beat. */
  isDue(now: number): boolean {
    return now >= this.#due - this.#interval / 4;
  }

  /** A frame was taken, and will be sent. */
  took(now: number): void {
    this.#due = Math.max(this.#due, now - this.#interval / 2) + this.#interval;
  }

  /** It has gone. Where that took long, the next one waits: the service drops what comes too soon. */
  sent(now: number): void {
    this.#due = Math.max(this.#due, now + 0.75 * this.#interval);
  }
}
