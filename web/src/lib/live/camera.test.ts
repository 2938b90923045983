import { expect, test } from "vitest";
import { problemOf } from "./camera";
import { takenAt } from "./frames";
import { within } from "./shots";

test.each([
  ["NotAllowedError", "refused"],
  ["NotFoundError", "none"],
  ["OverconstrainedError", "none"],
  ["NotReadableError", "busy"],
  ["AbortError", "busy"],
  ["Whatever", "busy"],
])("%s is said as %s", (name, problem) => {
  expect(problemOf(new DOMException("", name))).toBe(problem);
});

test("the longest side is at most 640 pixels", () => {
  expect(within(1280, 720)).toEqual([640, 360]);
  expect(within(1080, 1920)).toEqual([360, 640]);
  expect(within(320, 240)).toEqual([320, 240]);
});

test("times of capture that can't be are not believed", () => {
  expect(takenAt(5000, 4960)).toBe(4960);
  expect(takenAt(5000, undefined)).toBe(5000);
  expect(takenAt(5000, 5100)).toBe(5000);
  expect(takenAt(5000, 100)).toBe(5000);
});
