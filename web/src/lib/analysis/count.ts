/** What a count says at a moment, and what its chart shows. */
import type { Column } from "../series";
import type { PersonCount, Repetition } from "./types";

/** A repetition counts once it is past its turning point, as when somebody counts along. */
export function countAt(repetitions: readonly Repetition[], time: number): number {
  return repetitions.filter((one) => one.full && one.turn_s <= time).length;
}

/** Return the repetition that a moment is in, -1 in none. */
export function currentAt(repetitions: readonly Repetition[], time: number): number {
  return repetitions.findIndex((one) => one.start_s <= time && time < one.end_s);
}

/** Return the signal's value at a moment, of the side that is furthest; null in gaps. */
export function progressAt({ time_s, signal }: PersonCount, time: number): number | null {
  const place = placeOf(time_s, time);
  const values = Object.values(signal).map((column) => column[place] ?? null);
  const known = values.filter((value) => value !== null);
  return known.length ? Math.max(...known) : null;
}

/** Return the last place whose time has come, 0 before the first. */
export function placeOf(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Return the range that shows all of some columns, and rest and turning point in any case. */
export function rangeOf(columns: readonly Column[]): [number, number] {
  const known = columns.flatMap((column) => column.filter((value) => value !== null));
  const least = known.reduce((one, other) => Math.min(one, other), 0);
  const most = known.reduce((one, other) => Math.max(one, other), 1);
  const room = 0.05 * (most - least);
  return [least - room, most + room];
}

/** Whether the count may be another one. */
export function isUnsure({ count, between: [least, most] }: PersonCount): boolean {
  return least !== count || most !== count;
}

/** Return the person with the most repetitions, the first of equals. */
export function busiest(people: readonly PersonCount[]): PersonCount | null {
  return people.reduce<PersonCount | null>(
    (best, one) => (best === null || one.count > best.count ? one : best),
    null,
  );
}
