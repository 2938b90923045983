import { expect, test } from "vitest";
import { closingOf, pauseS } from "./closing";

test.each([
  [4400, "bad_option", false],
  [4408, "idle", false],
  [4409, "slow_reader", false],
  [4429, "too_many_sessions", true],
  [1009, "other", false],
  [1001, "gone", true],
  [1006, "gone", true],
  [1011, "gone", true],
  [1012, "gone", true],
])("%i means %s", (code, reason, isPassing) => {
  expect(closingOf(code)).toEqual({ reason, isPassing });
});

test("pauses grow up to eight seconds", () => {
  expect([1, 2, 3, 4, 5, 99].map(pauseS)).toEqual([1, 2, 4, 8, 8, 8]);
});
