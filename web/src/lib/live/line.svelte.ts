/** A WebSocket that comes back by itself, with growing pauses, until somebody has to do something. */
import type { Said } from "../problems";
import { closingOf, pauseS, type Closing } from "./closing";

/** `waiting`: for the next try; `ended`: until somebody says how to go on. */
export type Phase = "off" | "connecting" | "open" | "waiting" | "ended";

/** What a line needs of whoever uses it. */
export interface Ends {
  connect(): WebSocket;
  opened?(): void;
  message(data: string | ArrayBuffer): void;
  /** Nothing of the last connection is heard any more. */
  left?(): void;
  /** Return why the service lets nobody in, null where it doesn't answer. */
  refusal(): Promise<Said | null>;
}

const CONNECT_MS = 10_000;

export class Line {
  phase: Phase = $state("off");
  closing: Closing | null = $state.raw(null);
  refusal: Said | null = $state.raw(null);
  retryInS = $state(0);
  socket: WebSocket | null = null;

  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ends: Ends) {}

  open(): void {
    this.#hangUp();
    this.closing = null;
    this.#tries = 0;
    this.#connect();
  }

  close(): void {
    this.#hangUp();
    Object.assign(this, { phase: "off", closing: null, refusal: null });
  }

  /** Begin anew, also after an end. */
  reopen(): void {
    if (this.phase !== "off") this.open();
  }

  /** Try now what would be tried in some seconds. */
  hurry(): void {
    if (this.phase !== "waiting") return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  /** It is of use: a service that only opens and closes has the pauses grow. */
  works(): void {
    this.#tries = 0;
    this.closing = null;
  }

  #connect(): void {
    const socket = this.ends.connect();
    this.phase = "connecting";
    this.socket = socket;
    this.#timer = setTimeout(() => this.#lost(1006, false), CONNECT_MS);
    let wasOpen = false;
    socket.onopen = () => {
      clearTimeout(this.#timer);
      wasOpen = true;
      this.phase = "open";
      this.ends.opened?.();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.ends.message(event.data);
    socket.onclose = (event) => this.#lost(event.code, wasOpen);
  }

  #lost(code: number, wasOpen: boolean): void {
    this.#hangUp();
    this.closing = closingOf(code);
    if (!this.closing.isPassing) this.phase = "ended";
    else if (wasOpen) this.#wait();
    else void this.#ask();
  }

  /** A connection that was refused looks like none: ask whether the service lets us in at all. */
  async #ask(): Promise<void> {
    const tries = this.#tries;
    this.#wait();
    const refusal = await this.ends.refusal();
    if (!refusal || this.phase !== "waiting" || this.#tries !== tries + 1) return;
    clearTimeout(this.#timer);
    this.refusal = refusal;
    this.phase = "ended";
  }

  #wait(): void {
    this.#tries += 1;
    this.phase = "waiting";
    this.retryInS = pauseS(this.#tries);
    this.#countDown();
  }

  #countDown(): void {
    this.#timer = setTimeout(() => {
      this.retryInS -= 1;
      if (this.retryInS > 0) this.#countDown();
      else this.#connect();
    }, 1000);
  }

  /** Leave the connection, whatever its state: nothing of it is heard any more. */
  #hangUp(): void {
    clearTimeout(this.#timer);
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.refusal = null;
    this.ends.left?.();
  }
}
