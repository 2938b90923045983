import { expect, test } from "vitest";
import type { FrameRecord } from "../api/client";
import { Counter } from "./counter.svelte";

function record(...people: [id: number, count: number, progress?: number | null][]): FrameRecord {
  return {
    frame: 0,
    time_s: 0,
    people: people.map(([id, count, progress = 0.5]) => ({ id, analysis: { count: { count, progress } } })),
  } as unknown as FrameRecord;
}

const counts = (counter: Counter) => counter.shown.map(({ id, count }) => [id, count]);

test("a repetition more is told once", () => {
  const counter = new Counter();
  const told = [0, 0, 1, 1, 2].map((count, place) => counter.take(record([0, count]), place * 100));
  expect(told).toEqual([false, false, true, false, true]);
  expect(counter.shown).toEqual([{ id: 0, count: 2, progress: 0.5 }]);
});

test("records without a count change nothing", () => {
  const counter = new Counter();
  expect(counter.take({ frame: 0, time_s: 0, people: [{ id: 0 }] } as unknown as FrameRecord, 0)).toBe(false);
  expect(counter.shown).toEqual([]);
});

test("counting from 0 again doesn't need the service", () => {
  const counter = new Counter();
  counter.take(record([0, 7]), 0);
  counter.reset();
  expect(counts(counter)).toEqual([[0, 0]]);
  expect(counter.take(record([0, 7]), 100)).toBe(false);
  expect(counter.take(record([0, 8]), 200)).toBe(true);
  counter.reset();
  counter.take(record([0, 9]), 300);
  expect(counts(counter)).toEqual([[0, 1]]);
});

test("the count goes on after a lost connection, though the service begins anew", () => {
  const counter = new Counter();
  counter.take(record([0, 7]), 0);
  expect(counter.take(record([0, 0]), 100)).toBe(false);
  expect(counter.take(record([0, 1]), 200)).toBe(true);
  expect(counts(counter)).toEqual([[0, 8]]);
  counter.forget();
  expect(counter.shown).toEqual([]);
});

test("the count stays when somebody leaves, and goes when somebody else is there", () => {
  const counter = new Counter();
  counter.take(record([0, 3]), 0);
  counter.take(record(), 60_000);
  expect(counter.shown).toEqual([{ id: 0, count: 3, progress: null }]);
  counter.take(record([1, 0]), 61_000);
  expect(counts(counter)).toEqual([[1, 0]]);
});

test("several people are counted side by side", () => {
  const counter = new Counter();
  counter.take(record([2, 3], [0, 1]), 0);
  expect(counts(counter)).toEqual([[0, 1], [2, 3]]);
});
