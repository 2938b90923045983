/** Two videos in step: which moment of one belongs to which of the other. */
import { placeOf } from "./count";
import type { Moments } from "./types";

// Around a moment, that the speed of the other one is judged by: pairs are frames, so they jump.
const AROUND_S = 0.4;

export interface Step {
  /** Each moment of A once, ascending; the moment of B that belongs to it, and its pair's place. */
  a_s: number[];
  b_s: number[];
  pair: number[];
}

/** Several moments of B may belong to one of A: their middle one is taken. */
export function stepOf({ a_s, b_s }: Pick<Moments, "a_s" | "b_s">): Step {
  const step: Step = { a_s: [], b_s: [], pair: [] };
  for (let begin = 0, end = 0; begin < a_s.length; begin = end) {
    for (end = begin + 1; end < a_s.length && a_s[end] === a_s[begin]; ) end += 1;
    const middle = (begin + end - 1) >> 1;
    step.a_s.push(a_s[begin]!);
    step.b_s.push(b_s[middle]!);
    step.pair.push(middle);
  }
  return step;
}

/** Return the moment of B at one of A; before the first and after the last, theirs. */
export function otherAt({ a_s, b_s }: Step, time: number): number {
  const place = placeOf(a_s, time);
  const [from, to] = [a_s[place], a_s[place + 1]];
  const here = b_s[place] ?? 0;
  if (from === undefined || to === undefined || time <= from) return here;
  return here + ((b_s[place + 1]! - here) * (time - from)) / (to - from);
}

/** Return how fast B goes there, in seconds of B a second of A; 0 outside of what was matched. */
export function paceAt(step: Step, time: number): number {
  if (!isMatched(step, time)) return 0;
  const begin = Math.max(time - AROUND_S, step.a_s[0] ?? 0);
  const end = Math.min(time + AROUND_S, step.a_s.at(-1) ?? 0);
  if (end - begin < 1e-3) return 1;
  return (otherAt(step, end) - otherAt(step, begin)) / (end - begin);
}

export function isMatched({ a_s }: Step, time: number): boolean {
  return a_s.length > 0 && time >= a_s[0]! && time <= a_s.at(-1)!;
}

/** Return the place of the pair at a moment of A, -1 outside of what was matched. */
export function pairAt(step: Step, time: number, reach = 0.1): number {
  const { a_s, pair } = step;
  if (!a_s.length || time < a_s[0]! - reach || time > a_s.at(-1)! + reach) return -1;
  const place = placeOf(a_s, time);
  const isNext = a_s[place + 1] !== undefined && a_s[place + 1]! - time < time - a_s[place]!;
  return pair[isNext ? place + 1 : place] ?? -1;
}

// What the follower may be off by, before it leaps; and in how many seconds it makes up for less.
const LEAP_S = 0.35;
const CATCH_UP_S = 0.8;
const RATES: [number, number] = [0.0625, 4]; // what browsers do

/** What the follower does while the other one plays: leap, wait, or go at a rate. */
export type Move = { leap: number } | { rate: number } | "wait";

/** Return what keeps B in step with A, which plays at `rate`. */
export function moveOf(step: Step, a: number, b: number, rate: number): Move {
  const wanted = otherAt(step, a);
  const behind = wanted - b;
  if (Math.abs(behind) > LEAP_S * Math.max(1, rate)) return { leap: wanted };
  if (!isMatched(step, a)) return "wait";
  const speed = rate * paceAt(step, a) + behind / CATCH_UP_S;
  if (speed < RATES[0]) return "wait";
  return { rate: Math.min(speed, RATES[1]) };
}
