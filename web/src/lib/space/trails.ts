/** Where wrists and ankles were in the last frames, for each person. */
import type { Person } from "../api/client";
import type { Place } from "./world";

export const TRAILED: readonly number[] = [15, 16, 27, 28];
export const TRAIL_LENGTH = 48;
// Nobody's hand goes so far between two frames: the video jumped.
const LEAP_M = 0.9;

export class Trails {
  readonly #kept = new Map<string, Place[]>();

  forget(): void {
    this.#kept.clear();
  }

  /** Note where people are now; whoever is gone is forgotten. */
  add(people: readonly Person[], places: readonly (readonly Place[])[]): void {
    const seen = new Set<string>();
    people.forEach((person, number) => {
      for (const joint of TRAILED) {
        const place = places[number]?.[joint];
        if (!place) continue;
        const key = `${person.id}:${joint}`;
        seen.add(key);
        this.#append(key, place);
      }
    });
    for (const key of this.#kept.keys()) if (!seen.has(key)) this.#kept.delete(key);
  }

  /** Call back for each stretch; `age` 0 is the newest, 1 the oldest. */
  each(told: (from: Place, to: Place, joint: number, age: number) => void): void {
    for (const [key, trail] of this.#kept) {
      const joint = Number(key.slice(key.indexOf(":") + 1));
      for (let place = 1; place < trail.length; place += 1)
        told(trail[place - 1]!, trail[place]!, joint, (trail.length - 1 - place) / TRAIL_LENGTH);
    }
  }

  #append(key: string, place: Place): void {
    const trail = this.#kept.get(key) ?? [];
    const last = trail.at(-1);
    if (last && distance(last, place) > LEAP_M) trail.length = 0;
    trail.push(place);
    if (trail.length > TRAIL_LENGTH) trail.shift();
    this.#kept.set(key, trail);
  }
}

function distance(one: Place, other: Place): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}
