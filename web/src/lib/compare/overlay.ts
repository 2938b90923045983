import type { Compared } from "../analysis/types";
import type { Person } from "../api/client";
import { drawDifferences, mirroredName } from "../drawing/differences";
import { unitOf, type Frame } from "../drawing/draw";
import { style } from "../drawing/style.svelte";

/** Return what draws the differences of a pair over one of both; `pair`: -1 for none. */
export function overlay(
  found: Compared,
  pair: number,
  people: readonly Person[],
  which: "a" | "b",
): (pen: CanvasRenderingContext2D, frame: Frame) => void {
  const isSwapped = which === "b" && found.mirrored;
  const ids = found.people[which === "a" ? 0 : 1];
  return (pen, frame) => {
    const person = people.find(({ id }) => ids.includes(id));
    if (!person || pair < 0 || !style.skeleton) return;
    const now = Object.entries(found.moments.joints_deg).map(([name, column]) => [
      isSwapped ? mirroredName(name) : name,
      column[pair] ?? null,
    ]);
    const unit = unitOf(person.landmarks, frame, style.minVisibility);
    const differences = Object.fromEntries(now) as Record<string, number | null>;
    drawDifferences(pen, person.landmarks, differences, frame, unit, style.minVisibility);
  };
}
