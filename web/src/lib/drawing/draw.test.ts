import { expect, test } from "vitest";
import type { Person } from "../api/client";
import { at, fitted, hit, isShown, unitOf } from "./draw";

const frame = { x: 10, y: 20, width: 200, height: 100 };

function person(x: number, y: number, visibility = 1): Person {
  const landmarks = Array.from({ length: 33 }, () => [x, y, 0, visibility, 1]);
  return { id: 0, score: 1, box: [0, 0, 1, 1], landmarks, world: [], flags: {} };
}

test("a landmark lands where it is in the picture", () => {
  expect(at([0.5, 0.25, 0, 1, 1], frame)).toEqual({ x: 110, y: 45 });
});

test("what is unsure or outside is hidden", () => {
  expect(isShown([0.5, 0.5, 0, 0.7, 0.7], 0.6)).toBe(true);
  expect(isShown([0.5, 0.5, 0, 0.5, 0.7], 0.6)).toBe(false);
  expect(isShown([0.5, 0.5, 0, 0.7, 0.5], 0.6)).toBe(false);
  expect(isShown([1.1, 0.5, 0, 1, 1], 0.6)).toBe(false);
  expect(isShown(undefined, 0)).toBe(false);
});

test("the nearest joint within reach is hit", () => {
  const people = [person(0.5, 0.5), person(0.55, 0.5)];
  expect(hit(people, { x: 119, y: 70 }, frame, 0.6)).toEqual({ person: 1, landmark: 0 });
  expect(hit(people, { x: 111, y: 70 }, frame, 0.6)).toEqual({ person: 0, landmark: 0 });
  expect(hit(people, { x: 10, y: 20 }, frame, 0.6)).toBeNull();
  expect(hit([person(0.5, 0.5, 0.1)], { x: 110, y: 70 }, frame, 0.6)).toBeNull();
});

test("a picture is shown whole, in the middle", () => {
  expect(fitted({ width: 200, height: 100 }, { width: 100, height: 100 })).toEqual({
    x: 0,
    y: 25,
    width: 100,
    height: 50,
  });
  const zoomed = fitted({ width: 200, height: 100 }, { width: 100, height: 100 }, 2, { x: 5, y: 0 });
  expect(zoomed).toEqual({ x: -45, y: 0, width: 200, height: 100 });
});

test("small people get thin lines", () => {
  const marks = [
    [0.4, 0.4, 0, 1, 1],
    [0.6, 0.9, 0, 1, 1],
  ];
  const large = unitOf(marks, { x: 0, y: 0, width: 1920, height: 1080 }, 0.6);
  const small = unitOf(
    marks.map(([x, y]) => [x! / 2, y! / 2, 0, 1, 1]),
    { x: 0, y: 0, width: 1920, height: 1080 },
    0.6,
  );
  expect(small).toBeLessThan(large);
});
