/** One live session: frames go up, records come down; it goes on by itself when it was cut off. */
import type { FrameRecord, Header, Problem } from "../api/client";
import type { Said } from "../problems";
import type { Closing } from "./closing";
import { Flow, Pace } from "./flow";
import { Line, type Phase } from "./line.svelte";
import { MedianMeter, RateMeter } from "./meters";
import type { Shot } from "./shots";

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
const READ_MS = 500;
const TROUBLED = 3; // frames in a row that the service couldn't look at

export class Session {
  isTroubled = $state(false);
  /** The newest frame that was answered, and its record. */
  shot: Shot | null = $state.raw(null);
  record: FrameRecord | null = $state.raw(null);
  /** Numbers for people: they change twice a second, not with every frame. */
  readout: Readout = $state.raw(SILENT);
  readonly line: Line;

  #header: Header | null = null;
  #problems = 0;
  #dropped = { before: 0, now: 0 };
  #isEncoding = false;
  #reading: ReturnType<typeof setInterval> | undefined;
  #pace = new Pace(1);
  readonly #rate = new RateMeter();
  readonly #latency = new MedianMeter();
  readonly #flow: Flow<Shot>;

  constructor(private readonly around: Surroundings) {
    this.#flow = new Flow((shot) => around.giveBack(shot));
    this.line = new Line({
      connect: () => {
        this.#pace = new Pace(around.rate());
        return around.connect();
      },
      message: (data) => this.#take(JSON.parse(data as string) as Message),
      left: () => this.#left(),
      refusal: () => around.refusal(),
    });
  }

  get phase(): Phase {
    return this.line.phase;
  }

  get closing(): Closing | null {
    return this.line.closing;
  }

  open(): void {
    this.close();
    this.#reading = setInterval(() => this.#read(), READ_MS);
    this.line.open();
  }

  close(): void {
    this.line.close();
    clearInterval(this.#reading);
    this.readout = SILENT;
    this.#dropped = { before: 0, now: 0 };
  }

  /** Begin anew with other options, or after an end; the counts go on. */
  reopen(): void {
    this.line.reopen();
  }

  /** Whether a frame would be sent now. Others are left out, so that none is old when it arrives. */
  wants(takenAt: number): boolean {
    if (this.phase !== "open" || this.#isEncoding || !this.#pace.isDue(takenAt)) return false;
    return this.#flow.hasRoom(performance.now());
  }

  /** Send a frame that is wanted. */
  async send(shot: Shot): Promise<void> {
    const socket = this.line.socket;
    this.#pace.took(shot.takenAt);
    this.#isEncoding = true;
    const jpeg = await this.around.jpeg(shot).catch(() => null);
    this.#isEncoding = false;
    // Another connection would count it otherwise.
    if (!jpeg || !socket || socket !== this.line.socket || socket.readyState !== WebSocket.OPEN) {
      this.around.giveBack(shot);
      return;
    }
    const now = performance.now();
    this.#pace.sent(now);
    this.#flow.send(shot, now);
    socket.send(jpeg);
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
    this.line.works();
    this.#problems = 0;
    this.isTroubled = false;
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

  #left(): void {
    this.#flow.clear();
    this.#show(null, null);
    this.#rate.clear();
    this.#latency.clear();
    this.#header = null;
    this.#problems = 0;
    this.isTroubled = false;
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
