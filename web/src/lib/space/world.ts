/** World landmarks, where they stand in the room that is shown: metres, y up, z towards the viewer. */
import type { Person } from "../api/client";

export type Place = readonly [x: number, y: number, z: number];

// Each person's landmarks are about the own hips; how they stand to each other is not known, so
// several stand in a row, by their numbers.
const APART_M = 1.2;

/** Return everybody's landmarks, lowest on the floor, in a row about the middle. */
export function placed(people: readonly Person[]): Place[][] {
  const row = people.map((person) => person.id).sort((one, other) => one - other);
  return people.map((person) => {
    const shift = (row.indexOf(person.id) - (row.length - 1) / 2) * APART_M;
    const floor = person.world.reduce((most, mark) => Math.max(most, mark[1] ?? 0), -Infinity);
    return person.world.map((mark) => turned(mark, shift, floor));
  });
}

/** Return the width of what `placed` gives for so many people. */
export function widthOf(count: number): number {
  return Math.max(count - 1, 0) * APART_M + 1.6;
}

// MediaPipe: x right, y down, z away. Half a turn about x: no mirroring.
function turned(mark: readonly number[], shift: number, floor: number): Place {
  return [(mark[0] ?? 0) + shift, floor - (mark[1] ?? 0), -(mark[2] ?? 0)];
}
