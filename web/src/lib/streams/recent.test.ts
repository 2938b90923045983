import { expect, test } from "vitest";
import { Recent, WINDOW_S } from "./recent.svelte";
import type { Stream, StreamRecord } from "./types";

function record(at: number, people: number): StreamRecord {
  const person = { id: 0, score: 1, box: [0, 0, 1, 1], landmarks: [[0, 0, 0, 1, 1]], world: [[0, 0, 0]], flags: {} };
  return { frame: 0, time_s: 0, at, people: Array.from({ length: people }, (_, id) => ({ ...person, id })) };
}
const status = (p95: number | null) => ({ age_p50_ms: 10, age_p95_ms: p95 }) as Stream;

test("people and ages are seen from now", () => {
  const recent = new Recent();
  recent.take(record(1000, 1));
  recent.take(record(1001, 2));
  recent.status(status(30), 1001);
  expect([recent.times(1002), recent.crowd()]).toEqual([[-2, -1], [1, 2]]);
  expect(recent.ages(1002)).toEqual({ times: [-1], columns: [[10], [30]] });
});

test("what is older than the chart is forgotten, now and then", () => {
  const recent = new Recent();
  const end = 2 * WINDOW_S;
  for (let at = 0; at < end; at += 1) {
    recent.take(record(at, 1));
    recent.status(status(at), at);
    expect(recent.records.count).toBeLessThan(WINDOW_S + 40);
  }
  expect(recent.records.times.at(-1)).toBe(end - 1);
  expect(recent.records.times[0]).toBeLessThanOrEqual(end - WINDOW_S);
  expect(recent.ages(end).times.length).toBeLessThan(WINDOW_S + 40);
  expect(recent.beat).toBe(end);
});
