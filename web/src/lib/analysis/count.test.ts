import { expect, test } from "vitest";
import { busiest, countAt, currentAt, isUnsure, placeOf, progressAt, rangeOf } from "./count";
import type { PersonCount, Repetition } from "./types";

function repetition(start: number, full = true): Repetition {
  const times = { start_s: start, turn_s: start + 1, end_s: start + 2 };
  return { ...times, out_s: 1, hold_s: 0, back_s: 1, depth: 1, side: "both", full };
}

function person(more: Partial<PersonCount>): PersonCount {
  return {
    id: 0, ids: [0], from_s: 0, to_s: 9, frames: 9, exercise: "squat", count: 2, partial: 1, unfinished: 0, between: [2, 2], sides: {},
    period_s: 2, view: "front", doubts: [], repetitions: [], time_s: [], signal: {}, ...more,
  };
}

const REPETITIONS = [repetition(1), repetition(3, false), repetition(5)];

test("the count grows at turning points, and parts don't count", () => {
  const at = [0, 1.9, 2, 4.5, 5.9, 6, 99].map((time) => countAt(REPETITIONS, time));
  expect(at).toEqual([0, 0, 1, 1, 1, 2, 2]);
});

test("a moment is in one repetition, or in none", () => {
  expect([0.5, 1, 2.9, 3, 7, 9].map((time) => currentAt(REPETITIONS, time))).toEqual([-1, 0, 0, 1, -1, -1]);
});

test("the signal is that of the side which is furthest, unknown in gaps", () => {
  const one = person({ time_s: [0, 1, 2], signal: { left: [0.1, null, 0.3], right: [0.2, null, 0.1] } });
  expect([0.5, 1.2, 9].map((time) => progressAt(one, time))).toEqual([0.2, null, 0.3]);
  expect(placeOf([], 3)).toBe(0);
});

test("rest and turning point are always in sight", () => {
  expect(rangeOf([[0.2, null, 0.4]])).toEqual([-0.05, 1.05]);
  expect(rangeOf([[-1, 3]])).toEqual([-1.2, 3.2]);
});

test("a count that may be another one is unsure", () => {
  expect(isUnsure(person({}))).toBe(false);
  expect(isUnsure(person({ between: [2, 3] }))).toBe(true);
});

test("who repeats most comes first", () => {
  expect(busiest([])).toBeNull();
  expect(busiest([person({ id: 1, count: 1 }), person({ id: 2, count: 5 })])?.id).toBe(2);
});
