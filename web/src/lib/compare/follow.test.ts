import { expect, test } from "vitest";
import { stepOf } from "../analysis/step";
import type { Playback } from "../playback.svelte";
import { follow } from "./follow";

// B begins 10 s later, and is twice as fast.
const STEP = stepOf({ a_s: [0, 1, 2, 3, 4], b_s: [10, 12, 14, 16, 18] });

function player(more: Partial<Playback>): Playback & { told: string[] } {
  const told: string[] = [];
  const plain = {
    time: 0,
    isPlaying: false,
    rate: 1,
    told,
    seek: (time: number) => told.push(`seek ${time.toFixed(2)}`),
    play: () => told.push("play"),
    pause: () => told.push("pause"),
    setRate: (rate: number) => told.push(`rate ${rate.toFixed(2)}`),
  };
  return Object.assign(plain, more) as unknown as Playback & { told: string[] };
}

function told(leader: Partial<Playback>, follower: Partial<Playback>): string[] {
  const other = player(follower);
  follow(player(leader), other, STEP);
  return other.told;
}

test("a leader that stands has the follower stand where it belongs", () => {
  expect(told({ time: 1.5 }, { time: 10 })).toEqual(["pause", "seek 13.00"]);
  expect(told({ time: 1.5 }, { time: 13.01 })).toEqual(["pause"]);
});

test("a leader that plays has the follower play at its own pace", () => {
  expect(told({ time: 2, isPlaying: true }, { time: 14 })).toEqual(["rate 2.00", "play"]);
  expect(told({ time: 2, isPlaying: true, rate: 0.5 }, { time: 14, isPlaying: true })).toEqual(["rate 1.00"]);
  expect(told({ time: 2, isPlaying: true }, { time: 11 })).toEqual(["seek 14.00"]);
});

test("before and after what was matched, the follower waits", () => {
  expect(told({ time: 6, isPlaying: true }, { time: 18, isPlaying: true })).toEqual(["pause"]);
});
