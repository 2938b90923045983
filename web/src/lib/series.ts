/** What the chart shows: a number for each frame, null where there is none. */
import { angle, ANGLES, type Joint, JOINTS } from "./angles";
import type { Records } from "./records";

export type Measure = "angles" | "speed" | "visibility";
export type Column = (number | null)[];

export const MEASURES: readonly Measure[] = ["angles", "speed", "visibility"];
// The speed of what is less visible is that of a guess.
const IN_SIGHT = 0.5;
// Frames that are further apart than so many usual ones have a gap between them.
const GAP = 2.5;

/** Joints by name and the landmark they are; wrists have no angle. */
export const PLACES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(JOINTS.map((joint) => [joint, ANGLES[joint][1]])),
  left_wrist: 15,
  right_wrist: 16,
};

const ENDS = ["left_wrist", "right_wrist", "left_ankle", "right_ankle"];
/** What is shown before anybody chooses. */
export const START: Readonly<Record<Measure, readonly string[]>> = {
  angles: ["left_elbow", "right_elbow", "left_knee", "right_knee"],
  speed: ENDS,
  visibility: ENDS,
};

/** What can be chosen for a measure; hips are what speed is measured against. */
export function jointsOf(measure: Measure): string[] {
  if (measure === "angles") return JOINTS;
  const joints = Object.keys(PLACES).sort((one, other) => PLACES[one]! - PLACES[other]!);
  return joints.filter((joint) => measure === "visibility" || !joint.endsWith("_hip"));
}

/** Return a value for people. */
export function spoken(measure: Measure, value: number | null): string {
  if (value === null) return "–";
  return measure === "angles" ? `${Math.round(value)}°` : value.toFixed(2);
}

export function column(records: Records, id: number, measure: Measure, joint: string): Column {
  const landmark = PLACES[joint] ?? 0;
  if (measure === "speed") return speeds(records, id, landmark);
  return records.times.map((_, frame) => {
    const entry = records.find(frame, id);
    if (entry < 0) return null;
    if (measure === "visibility") return records.mark(entry, landmark, 3);
    return angle(limb(records, entry, joint as Joint), joint as Joint);
  });
}

/** Metres a second, of world landmarks: against the middle of the hips, which is where these are
 * measured from. Over both neighbouring frames, since a single step is mostly noise. */
function speeds(records: Records, id: number, landmark: number): Column {
  const entries = records.times.map((_, frame) => {
    const entry = records.find(frame, id);
    return entry >= 0 && records.mark(entry, landmark, 3) >= IN_SIGHT ? entry : -1;
  });
  const most = GAP * records.interval;
  const isNear = (one: number, other: number) =>
    (entries[other] ?? -1) >= 0 && Math.abs(records.times[other]! - records.times[one]!) <= most;
  return entries.map((entry, frame) => {
    if (entry < 0) return null;
    const from = isNear(frame, frame - 1) ? frame - 1 : frame;
    const to = isNear(frame, frame + 1) ? frame + 1 : frame;
    const passed = records.times[to]! - records.times[from]!;
    if (!(passed > 0)) return null;
    return way(records, entries[from]!, entries[to]!, landmark) / passed;
  });
}

function way(records: Records, from: number, to: number, landmark: number): number {
  const axis = (number: number) =>
    records.world(to, landmark, number) - records.world(from, landmark, number);
  return Math.hypot(axis(0), axis(1), axis(2));
}

// The three points of a joint, at their numbers.
function limb(records: Records, entry: number, joint: Joint): number[][] {
  const world: number[][] = [];
  for (const place of ANGLES[joint])
    world[place] = [0, 1, 2].map((axis) => records.world(entry, place, axis));
  return world;
}

/** Return at most about `most` points with the same outline: the least and the largest of each
 * stretch, in the order in which they come. */
export function reduced(
  times: readonly number[],
  columns: readonly Column[],
  most: number,
): { times: number[]; columns: Column[] } {
  if (times.length <= most) return { times: [...times], columns: columns.map((one) => [...one]) };
  const width = Math.ceil((2 * times.length) / most);
  const begins = Array.from({ length: Math.ceil(times.length / width) }, (_, place) => place * width);
  return {
    times: begins.flatMap((begin) => {
      const end = Math.min(begin + width, times.length);
      return [times[begin]!, times[Math.max(begin, (begin + end) >> 1)]!];
    }),
    columns: columns.map((one) => begins.flatMap((begin) => ends(one, begin, begin + width))),
  };
}

function ends(values: Column, begin: number, end: number): [number | null, number | null] {
  let [least, largest] = [-1, -1];
  for (let place = begin; place < end && place < values.length; place += 1) {
    const value = values[place] ?? null;
    if (value === null) continue;
    if (least < 0 || value < values[least]!) least = place;
    if (largest < 0 || value > values[largest]!) largest = place;
  }
  if (least < 0) return [null, null];
  const [first, second] = least < largest ? [least, largest] : [largest, least];
  return [values[first]!, values[second]!];
}
