/** How a session ended, and whether it goes on by itself. */

export type Reason =
  | "gone"
  | "too_many_sessions"
  | "idle"
  | "slow_reader"
  | "bad_option"
  | "other";

export interface Closing {
  reason: Reason;
  /** Whether trying again in a moment may help; else somebody has to do something. */
  isPassing: boolean;
}

// Codes of docs/en/service.md.
const CLOSINGS: Record<number, Closing> = {
  1003: { reason: "other", isPassing: false },
  1008: { reason: "other", isPassing: false },
  1009: { reason: "other", isPassing: false },
  4400: { reason: "bad_option", isPassing: false },
  4408: { reason: "idle", isPassing: false },
  4409: { reason: "slow_reader", isPassing: false },
  4429: { reason: "too_many_sessions", isPassing: true },
};

const LONGEST_S = 8;

/** Return what a close code means; one that isn't known: the service, or the way to it, is gone. */
export function closingOf(code: number): Closing {
  return CLOSINGS[code] ?? { reason: "gone", isPassing: true };
}

/** Return how long to wait before trying for the `tries`th time, from 1: 1, 2, 4, 8, 8 s. */
export function pauseS(tries: number): number {
  return Math.min(LONGEST_S, 2 ** Math.max(0, tries - 1));
}
