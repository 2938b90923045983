/** One live session: frames go up, records come down; it goes on by itself when it was cut off. */
import type { FrameRecord, Header, Problem } from "../api/client";
import type { Said } from "../problems";
import { closingOf, pauseS, type Closing } from "./closing";
import { Flow, Pace } from "./flow";
import { MedianMeter, RateMeter } from "./meters";
import type { Shot } from "./shots";

/** `waiting`: for the next try; `ended`: until somebody says how to go on. */
export type Phase = "off" | "connecting" | "open" | "waiting" | "ended";

type Counts = { received: number; processed: number; dropped: number };
type Message = Header | (Counts & FrameRecord) | { frame?: number; problem: Problem };

/** What a session needs of the page around it. */
export interface Surroundings {
  connect(): WebSocket;
  rate(): number;
  jpeg(shot: Shot): Promise<Blob | null>;
  giveBack(shot: Shot | null): void;
  /** Return why the service lets nobody in, null where it doesn't answer. */
  refusal(): Promise<Said | null>;
  recorded(header: Header, record: FrameRecord, takenAt: number): void;
}

export interface Readout {
  rate: number;
  latencyMs: number | null;
  dropped: number;
}

const SILENT: Readout = { rate: 0, latencyMs: null, dropped: 0 };
const CONNECT_MS = 10_000;
const READ_MS = 500;
const TROUBLED = 3; // frames in a row that the service couldn't look at

export class Session {
  phase: Phase = $state("off");
  closing: Closing | null = $state.raw(null);
  refusal: Said | null = $state.raw(null);
  retryInS = $state(0);
  isTroubled = $state(false);
  /** The newest frame that was answered, and its record. */
  shot: Shot | null = $state.raw(null);
  record: FrameRecord | null = $state.raw(null);
  /** Numbers for people: they change twice a second, not with every frame. */
  readout: Readout = $state.raw(SILENT);

  #socket: WebSocket | null = null;
  #header: Header | null = null;
  #tries = 0;
  #problems = 0;
  #dropped = { before: 0, now: 0 };
  #isEncoding = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: ReturnType<typeof setInterval> | undefined;
  #pace = new Pace(1);
  readonly #rate = new RateMeter();
  readonly #latency = new MedianMeter();
  readonly #flow: Flow<Shot>;

  constructor(private readonly around: Surroundings) {
    this.#flow = new Flow((shot) => around.giveBack(shot));
  }

  open(): void {
    this.close();
    this.#tries = 0;
    this.#reading = setInterval(() => this.#read(), READ_MS);
    this.#connect();
  }

  close(): void {
    this.#hangUp();
    clearInterval(this.#reading);
    Object.assign(this, { phase: "off", closing: null, refusal: null, readout: SILENT });
    this.#dropped = { before: 0, now: 0 };
  }

  /** Begin anew with other options, or after an end; the counts go on. */
  reopen(): void {
    if (this.phase === "off") return;
    this.#hangUp();
    this.closing = null;
    this.#tries = 0;
    this.#connect();
  }

  /** Try now what would be tried in some seconds. */
  hurry(): void {
    if (this.phase !== "waiting") return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  /** Whether a frame would be sent now. Others are left out, so that none is old when it arrives. */
  wants(takenAt: number): boolean {
    if (this.phase !== "open" || this.#isEncoding || !this.#pace.isDue(takenAt)) return false;
    return this.#flow.hasRoom(performance.now());
  }

  /** Send a frame that is wanted. */
  async send(shot: Shot): Promise<void> {
    const socket = this.#socket;
    this.#pace.took(shot.takenAt);
    this.#isEncoding = true;
    const jpeg = await this.around.jpeg(shot).catch(() => null);
    this.#isEncoding = false;
    // Another connection would count it otherwise.
    if (!jpeg || !socket || socket !== this.#socket || socket.readyState !== WebSocket.OPEN) {
      this.around.giveBack(shot);
      return;
    }
    const now = performance.now();
    this.#pace.sent(now);
    this.#flow.send(shot, now);
    socket.send(jpeg);
  }

  #connect(): void {
    const socket = this.around.connect();
    this.phase = "connecting";
    this.#socket = socket;
    this.#pace = new Pace(this.around.rate());
    this.#timer = setTimeout(() => this.#lost(1006, false), CONNECT_MS);
    let wasOpen = false;
    socket.onopen = () => {
      clearTimeout(this.#timer);
      wasOpen = true;
      this.phase = "open";
    };
    socket.onmessage = (event: MessageEvent<string>) => this.#take(JSON.parse(event.data) as Message);
    socket.onclose = (event) => this.#lost(event.code, wasOpen);
  }

  #take(message: Message): void {
    if ("problem" in message) this.#failed(message.frame);
    else if ("schema" in message) this.#header = message;
    else this.#answered(message);
  }

  /** One frame that can't be looked at is no reason to stop; several in a row are said. */
  #failed(frame: number | undefined): void {
    if (frame !== undefined) this.around.giveBack(this.#flow.answer(frame));
    this.#problems += 1;
    this.isTroubled = this.#problems >= TROUBLED;
  }

  #answered({ received: _received, processed: _processed, dropped, ...record }: Counts & FrameRecord): void {
    // It works: a service that only opens and closes has the pauses grow.
    this.#tries = 0;
    this.#problems = 0;
    this.isTroubled = false;
    this.closing = null;
    this.#dropped.now = dropped;
    const shot = this.#flow.answer(record.frame);
    if (!shot) return;
    const now = performance.now();
    this.#rate.tick(now);
    this.#latency.take(now - shot.takenAt);
    if (this.#header) this.around.recorded(this.#header, record, shot.takenAt);
    this.#show(shot, record);
  }

  #show(shot: Shot | null, record: FrameRecord | null): void {
    this.around.giveBack(this.shot);
    this.shot = shot;
    this.record = record;
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
    const refusal = await this.around.refusal();
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
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#flow.clear();
    this.#show(null, null);
    this.#rate.clear();
    this.#latency.clear();
    this.#header = null;
    this.#problems = 0;
    this.isTroubled = false;
    this.refusal = null;
    this.#dropped = { before: this.#dropped.before + this.#dropped.now, now: 0 };
  }

  #read(): void {
    this.readout = {
      rate: this.#rate.rate(performance.now()),
      latencyMs: this.#latency.median,
      dropped: this.#dropped.before + this.#dropped.now,
    };
  }
}
