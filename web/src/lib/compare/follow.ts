/** One player follows another one. */
import { moveOf, otherAt, type Step } from "../analysis/step";
import type { Playback } from "../playback.svelte";

const SAME_S = 0.02; // nearer than the next frame

/** Bring `follower` to where `leader` is. */
export function follow(leader: Playback, follower: Playback, step: Step): void {
  const { time, isPlaying, rate } = leader;
  if (!isPlaying) {
    follower.pause();
    const wanted = otherAt(step, time);
    if (Math.abs(wanted - follower.time) > SAME_S) follower.seek(wanted);
    return;
  }
  const move = moveOf(step, time, follower.time, rate);
  if (move === "wait") follower.pause();
  else if ("leap" in move) follower.seek(move.leap);
  else {
    follower.setRate(move.rate);
    if (!follower.isPlaying) follower.play();
  }
}
