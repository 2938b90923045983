import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Told } from "./types";
import { Watch, widthFor } from "./watch.svelte";

class Socket {
  sent: unknown[] = [];
  binaryType = "blob";
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.isClosed = true;
  }
}

const NOTHING = { streams: [], width: 0, records: false };
const WALL = { streams: ["door", "hall"], width: 320, records: false };
let sockets: Socket[] = [];
let told: Told[] = [];
let pictures: string[] = [];
let opens = 0;
const newest = (): Socket => sockets.at(-1) as Socket;

function opened(): Watch {
  const watch = new Watch({
    connect: () => {
      sockets.push(new Socket());
      return newest() as unknown as WebSocket;
    },
    refusal: () => Promise.resolve(null),
    opened: () => (opens += 1),
    told: (one) => told.push(one),
    picture: (stream) => pictures.push(stream),
  });
  watch.line.open();
  newest().onopen?.();
  return watch;
}

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, told, pictures, opens] = [[], [], [], 0];
});
afterEach(() => void vi.useRealTimers());

test("it asks for what is looked at, once that has settled", () => {
  const watch = opened();
  watch.want({ ...WALL, streams: ["door"] });
  watch.want(WALL);
  vi.advanceTimersByTime(1000);
  watch.want({ ...WALL });
  vi.advanceTimersByTime(1000);
  expect(newest().sent).toEqual([NOTHING, WALL]);
});

test("nobody is served while the page is hidden", () => {
  const watch = opened();
  watch.want(WALL);
  vi.advanceTimersByTime(1000);
  watch.hide(true);
  watch.want({ ...WALL, width: 640 });
  vi.advanceTimersByTime(1000);
  watch.hide(false);
  expect(newest().sent).toEqual([NOTHING, WALL, NOTHING, { ...WALL, width: 640 }]);
});

test("a new connection is told anew what is wanted", () => {
  const watch = opened();
  watch.want(WALL);
  vi.advanceTimersByTime(1000);
  newest().onclose?.({ code: 1001 });
  expect([watch.line.phase, watch.line.retryInS]).toEqual(["waiting", 1]);
  vi.advanceTimersByTime(1000);
  newest().onopen?.();
  expect([sockets.length, opens]).toEqual([2, 2]);
  expect(newest().sent).toEqual([WALL]);
  watch.close();
  expect(newest().isClosed).toBe(true);
});

test("texts are events, the rest is pictures", () => {
  opened();
  expect(newest().binaryType).toBe("arraybuffer");
  newest().onmessage?.({ data: JSON.stringify({ event: "removed", stream: "door" }) });
  const head = new TextEncoder().encode(JSON.stringify({ stream: "hall", frame: 1, time_s: 0 }));
  const message = new Uint8Array(4 + head.length + 3);
  new DataView(message.buffer).setUint32(0, head.length);
  message.set(head, 4);
  newest().onmessage?.({ data: message.buffer });
  newest().onmessage?.({ data: new ArrayBuffer(2) });
  expect([told, pictures]).toEqual([[{ event: "removed", stream: "door" }], ["hall"]]);
});

test("pictures come in a few sizes, as sharp as the screen", () => {
  expect([100, 320, 321].map((place) => widthFor(place, 1))).toEqual([160, 320, 480]);
  expect([widthFor(300, 2), widthFor(1200, 3)]).toEqual([640, 1920]);
});
