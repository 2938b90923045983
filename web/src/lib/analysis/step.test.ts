import { expect, test } from "vitest";
import { isMatched, moveOf, otherAt, paceAt, pairAt, stepOf } from "./step";

function moments(pairs: [number, number][]): { a_s: number[]; b_s: number[] } {
  return { a_s: pairs.map(([a]) => a), b_s: pairs.map(([, b]) => b) };
}

// B does the same at half the speed, from 10 s on.
const SLOW = stepOf(moments(Array.from({ length: 41 }, (_, place) => [1 + place / 10, 10 + place / 5])));

test("several moments of B at one of A are its middle one", () => {
  const step = stepOf(moments([[0, 5], [1, 6], [1, 7], [1, 8], [2, 9], [3, 9]]));
  expect(step).toEqual({ a_s: [0, 1, 2, 3], b_s: [5, 7, 9, 9], pair: [0, 2, 4, 5] });
});

test("moments between pairs are between, and those outside are at the ends", () => {
  expect([0, 1, 1.05, 3, 5, 9].map((time) => otherAt(SLOW, time))).toEqual([10, 10, 10.1, 14, 18, 18].map((value) => expect.closeTo(value)));
  expect([0.9, 1, 5, 5.1].map((time) => isMatched(SLOW, time))).toEqual([false, true, true, false]);
  expect(otherAt(stepOf(moments([])), 3)).toBe(0);
});

test("the pace is that of the other one", () => {
  expect(paceAt(SLOW, 3)).toBeCloseTo(2);
  expect(paceAt(SLOW, 1)).toBeCloseTo(2);
  expect(paceAt(SLOW, 0)).toBe(0);
});

test("the pair of a moment is the nearest one", () => {
  expect([0, 0.95, 1.04, 1.06, 5.05, 6].map((time) => pairAt(SLOW, time))).toEqual([-1, 0, 0, 1, 40, -1]);
});

test("the follower leaps when far off, else goes at a rate, and waits at the ends", () => {
  expect(moveOf(SLOW, 3, 10, 1)).toEqual({ leap: expect.closeTo(14) });
  expect(moveOf(SLOW, 3, 14, 1)).toEqual({ rate: expect.closeTo(2) });
  expect(moveOf(SLOW, 3, 13.92, 0.5)).toEqual({ rate: expect.closeTo(1.1) });
  expect(moveOf(SLOW, 0.5, 10, 1)).toBe("wait");
  expect(moveOf(SLOW, 8, 18, 1)).toBe("wait");
});

test("simulated, the follower stays within two frames", () => {
  // B lingers between 2 s and 3 s of A, then hurries.
  const pairs = Array.from({ length: 121 }, (_, place): [number, number] => {
    const a = place / 20;
    return [a, a < 2 ? a : a < 3 ? 2 : Math.min(a - 1 + (a - 3), a)];
  });
  const step = stepOf(moments(pairs));
  let [b, most] = [0, 0];
  for (let a = 0; a < 6; a += 0.04) {
    const move = moveOf(step, a, b, 1);
    if (move === "wait") b += 0;
    else if ("leap" in move) b = move.leap;
    else b += move.rate * 0.04;
    most = Math.max(most, Math.abs(b - otherAt(step, a)));
  }
  expect(most).toBeLessThan(0.3);
});
