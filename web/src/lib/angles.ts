/** Angles at joints, in degrees, from world landmarks (metres): 180 is a stretched limb. */
export const ANGLES = {
  left_elbow: [11, 13, 15],
  right_elbow: [12, 14, 16],
  left_shoulder: [23, 11, 13],
  right_shoulder: [24, 12, 14],
  left_hip: [11, 23, 25],
  right_hip: [12, 24, 26],
  left_knee: [23, 25, 27],
  right_knee: [24, 26, 28],
  left_ankle: [25, 27, 31],
  right_ankle: [26, 28, 32],
} as const satisfies Record<string, readonly [number, number, number]>;

export type Joint = keyof typeof ANGLES;
export const JOINTS = Object.keys(ANGLES) as Joint[];

type Vector = readonly number[];

/** Return the angle at `joint`, null where two of its three points are one. */
export function angle(world: readonly Vector[], joint: Joint): number | null {
  const [a, b, c] = ANGLES[joint].map((place) => world[place] ?? []) as [Vector, Vector, Vector];
  const one = difference(a, b);
  const other = difference(c, b);
  const lengths = Math.hypot(...one) * Math.hypot(...other);
  if (!(lengths > 0)) return null;
  const dot = one.reduce((sum, value, axis) => sum + value * (other[axis] ?? 0), 0);
  return (Math.acos(Math.min(1, Math.max(-1, dot / lengths))) * 180) / Math.PI;
}

function difference(one: Vector, other: Vector): number[] {
  return [0, 1, 2].map((axis) => (one[axis] ?? 0) - (other[axis] ?? 0));
}
