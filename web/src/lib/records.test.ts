import { expect, test } from "vitest";
import { read, Records } from "./records";

const names = ["nose", "left_eye"];
const header = { schema: "posemill/1", kind: "video", width: 4, height: 2, landmark_names: names };

function person(id: number, x: number, flags = {}) {
  const landmarks = [[x, 0.5, 0, 1, 1], [x, 0.25, 0, 0.5, 1]];
  return { id, score: 0.75, box: [1, 2, 3, 4], landmarks, world: [[x, 0, 0], [0, x, 0]], flags };
}

function lines(frames: { time_s: number; people: object[] }[]): string {
  const told = frames.map((frame, number) => ({ frame: number, ...frame }));
  return [header, ...told].map((line) => JSON.stringify(line)).join("\n") + "\n";
}

// In pieces that break lines, and letters of several bytes, anywhere.
async function parsed(text: string, piece = 7): Promise<Records> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(control) {
      if (at >= bytes.length) control.close();
      else control.enqueue(bytes.slice(at, (at += piece)));
    },
  });
  const records = new Records();
  await read(stream, records, () => undefined);
  return records;
}

test("what is read comes out again", async () => {
  const flags = { outside: [1] };
  const text = lines([
    { time_s: 0, people: [person(3, 0.5, flags), person(4, 0.25)] },
    { time_s: 0.5, people: [] },
    { time_s: 1, people: [person(4, 0.125)] },
  ]);
  const records = await parsed(text);
  expect(records.header?.width).toBe(4);
  expect(records.count).toBe(3);
  expect(records.people(0)).toEqual([person(3, 0.5, flags), person(4, 0.25)]);
  expect(records.people(1)).toEqual([]);
  expect(records.people(2)).toEqual([person(4, 0.125)]);
  expect(records.people(9)).toEqual([]);
  expect(records.everybody).toEqual([4, 3]);
  expect(records.framesWithPeople).toBe(2);
  expect(records.interval).toBe(0.5);
});

test("more people than one block holds, and no line end at the end", async () => {
  const frames = Array.from({ length: 1500 }, (_, number) => ({
    time_s: number / 30,
    people: [person(0, number / 2048)],
  }));
  const records = await parsed(lines(frames).trimEnd(), 4096);
  expect(records.count).toBe(1500);
  expect(records.people(1499)).toEqual([person(0, 1499 / 2048)]);
  const entry = records.find(1400, 0);
  expect(records.mark(entry, 1, 3)).toBe(0.5);
  expect(records.world(entry, 1, 1)).toBe(1400 / 2048);
  expect(records.find(1400, 1)).toBe(-1);
});

test("what is old can be forgotten", async () => {
  const frames = [0, 1, 2, 3].map((time_s) => ({ time_s, people: [person(time_s < 2 ? 1 : 2, time_s / 4)] }));
  const later = (await parsed(lines(frames))).since(2);
  expect(later.times).toEqual([2, 3]);
  expect(later.everybody).toEqual([2]);
  expect(later.people(1)).toEqual([person(2, 0.75)]);
  expect([later.crowd(0), later.crowd(9)]).toEqual([1, 0]);
  later.take(4, []);
  expect([later.count, later.crowd(2), later.header?.width]).toEqual([3, 0, 4]);
});

test("the nearest frame, also before, after and between frames that don't come evenly", async () => {
  const records = await parsed(lines([0.1, 0.2, 0.5, 1].map((time_s) => ({ time_s, people: [] }))));
  const nearest = [-1, 0.1, 0.149, 0.151, 0.2, 0.34, 0.36, 0.5, 0.76, 99].map((time) => records.nearest(time));
  expect(nearest).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 3, 3]);
  expect(new Records().nearest(0)).toBe(-1);
});
