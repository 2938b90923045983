import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FrameRecord, Header } from "../api/client";
import { Session, type Surroundings } from "./session.svelte";
import type { Shot } from "./shots";

class Socket {
  static readonly OPEN = 1;
  readyState = Socket.OPEN;
  sent: Blob[] = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(data: Blob): void {
    this.sent.push(data);
  }
  close(): void {
    this.isClosed = true;
  }
  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  answers(frame: number, dropped = 0): void {
    this.says({ received: frame + 1, processed: frame + 1, dropped, frame, time_s: frame, people: [] });
  }
}

let sockets: Socket[] = [];
let kept: { header: Header; record: FrameRecord }[] = [];
let back: Shot[] = [];
let refusal: Awaited<ReturnType<Surroundings["refusal"]>> = null;

const newest = (): Socket => sockets.at(-1) as Socket;

function opened(): Session {
  const session = new Session({
    connect: () => {
      sockets.push(new Socket());
      return newest() as unknown as WebSocket;
    },
    rate: () => 1000, // pace is not what is tested here
    jpeg: () => Promise.resolve(new Blob(["x"])),
    giveBack: (shot) => shot && back.push(shot),
    refusal: () => Promise.resolve(refusal),
    recorded: (header, record) => kept.push({ header, record }),
  });
  session.open();
  newest().onopen?.();
  return session;
}

const shot = (takenAt = performance.now()): Shot => ({ takenAt, picture: {} as HTMLCanvasElement });

async function send(session: Session): Promise<boolean> {
  await vi.advanceTimersByTimeAsync(10);
  const one = shot();
  if (!session.wants(one.takenAt)) return false;
  await session.send(one);
  return true;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  [sockets, kept, back, refusal] = [[], [], [], null];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("frames go out while there is room, and come back with their records", async () => {
  const session = opened();
  expect([await send(session), await send(session), await send(session)]).toEqual([true, true, false]);
  newest().says({ schema: "posemill/1", width: 4, height: 3 });
  newest().answers(0, 3);
  expect(kept).toEqual([{ header: { schema: "posemill/1", width: 4, height: 3 }, record: { frame: 0, time_s: 0, people: [] } }]);
  expect(session.shot).not.toBeNull();
  expect(await send(session)).toBe(true);
  await vi.advanceTimersByTimeAsync(500);
  expect(session.readout.dropped).toBe(3);
  session.close();
  expect(newest().isClosed).toBe(true);
  expect(back).toHaveLength(3);
});

test("it comes back by itself, with growing pauses, until it works", async () => {
  const session = opened();
  for (const pause of [1, 2, 4, 8, 8]) {
    newest().onclose?.({ code: 1006 });
    expect([session.phase, session.line.retryInS]).toEqual(["waiting", pause]);
    const count = sockets.length;
    await vi.advanceTimersByTimeAsync(1000 * pause - 1);
    expect(sockets).toHaveLength(count);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(count + 1);
  }
  newest().onopen?.();
  await send(session);
  newest().answers(0);
  expect(session.closing).toBeNull();
  newest().onclose?.({ code: 1012 });
  expect(session.line.retryInS).toBe(1);
  session.close();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(session.phase).toBe("off");
});

test("a service that never answers the door counts as gone", async () => {
  const session = opened();
  session.reopen();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(session.phase).toBe("waiting");
  session.close();
});

test("whoever isn't let in is told why", async () => {
  const session = opened();
  newest().onclose?.({ code: 1006 });
  refusal = { title: "A token is needed", text: "" };
  await vi.advanceTimersByTimeAsync(1000);
  newest().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(0);
  expect([session.phase, session.line.refusal?.title]).toEqual(["ended", "A token is needed"]);
  const count = sockets.length;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(sockets).toHaveLength(count);
  session.close();
});

test("an end that time doesn't mend waits for somebody", async () => {
  const session = opened();
  newest().onclose?.({ code: 4408 });
  await vi.advanceTimersByTimeAsync(20_000);
  expect([session.phase, session.closing?.reason, sockets.length]).toEqual(["ended", "idle", 1]);
  session.reopen();
  expect([session.phase, sockets.length]).toEqual(["connecting", 2]);
  session.close();
});

test("single frames may fail; several in a row are said", async () => {
  const session = opened();
  for (const frame of [0, 1, 2]) {
    expect(session.isTroubled).toBe(false);
    await send(session);
    newest().says({ frame, problem: { code: "broken" } });
  }
  expect([session.phase, session.isTroubled, back.length]).toEqual(["open", true, 3]);
  await send(session);
  newest().answers(3);
  expect(session.isTroubled).toBe(false);
  session.close();
});

test("a frame that was in work when the connection changed is not sent over the new one", async () => {
  const session = opened();
  await vi.advanceTimersByTimeAsync(10);
  const sending = session.send(shot());
  session.reopen();
  newest().onopen?.();
  await sending;
  expect(newest().sent).toEqual([]);
  expect(back).toHaveLength(1);
  session.close();
});
