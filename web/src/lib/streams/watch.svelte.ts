/** The one connection over which the page sees streams; it asks for what is looked at, and no more. */
import { Line } from "../live/line.svelte";
import type { Said } from "../problems";
import { parted } from "./pictures";
import type { Told } from "./types";

export interface Want {
  streams: readonly string[];
  /** Of the pictures, in pixels; 0 for none. */
  width: number;
  records: boolean;
}

export interface Hearers {
  connect(): WebSocket;
  refusal(): Promise<Said | null>;
  /** It stands, for the first time or again. */
  opened(): void;
  told(told: Told): void;
  picture(stream: string, jpeg: Blob): void;
}

export const NOTHING: Want = { streams: [], width: 0, records: false };
// Scrolling changes what is seen all the time.
const SETTLE_MS = 150;
// The service draws what is asked for: a few sizes are enough.
const STEP_PX = 160;
const MOST_PX = 1920;

/** Return how wide pictures should be for a place on the page, in CSS pixels. */
export function widthFor(place: number, ratio: number): number {
  const wanted = Math.ceil((place * ratio) / STEP_PX) * STEP_PX;
  return Math.min(MOST_PX, Math.max(STEP_PX, wanted));
}

export class Watch {
  readonly line: Line;
  #want = NOTHING;
  #isHidden = false;
  #sent = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hearers: Hearers) {
    this.line = new Line({
      connect: () => {
        const socket = hearers.connect();
        socket.binaryType = "arraybuffer";
        return socket;
      },
      opened: () => {
        this.#ask();
        hearers.opened();
      },
      message: (data) => {
        this.line.works();
        if (typeof data === "string") hearers.told(JSON.parse(data) as Told);
        else {
          const picture = parted(data);
          if (picture) hearers.picture(picture.stream, picture.jpeg);
        }
      },
      left: () => (this.#sent = ""),
      refusal: () => hearers.refusal(),
    });
  }

  want(want: Want): void {
    this.#want = want;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), SETTLE_MS);
  }

  /** Nobody sees the page, or somebody does again. */
  hide(isHidden: boolean): void {
    this.#isHidden = isHidden;
    this.#ask();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.line.close();
  }

  #ask(): void {
    const { socket, phase } = this.line;
    const text = JSON.stringify(this.#isHidden ? NOTHING : this.#want);
    if (!socket || phase !== "open" || text === this.#sent) return;
    socket.send(text);
    this.#sent = text;
  }
}
