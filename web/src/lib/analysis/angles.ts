/** The named angles of a person as rows: both sides of one beside each other. */
import type { Column } from "../series";
import type { Angle, PersonAngles } from "./types";

export interface AngleRow {
  /** The angle's name without its side. */
  base: string;
  /** One of the whole body has a single one. */
  single: Angle | null;
  left: Angle | null;
  right: Angle | null;
  /** By how many percent the right side moves further than the left one. */
  symmetry: number | null;
}

const SIDE = /^(left|right)_/;

export function angleRows({ angles, symmetry }: Pick<PersonAngles, "angles" | "symmetry">): AngleRow[] {
  const bases = [...new Set(Object.keys(angles).map((name) => name.replace(SIDE, "")))];
  return bases.map((base) => ({
    base,
    single: angles[base] ?? null,
    left: angles[`left_${base}`] ?? null,
    right: angles[`right_${base}`] ?? null,
    symmetry: symmetry[base] ?? null,
  }));
}

/** Return what is known of a row, and which side it is of. */
export function sidesOf({ single, left, right }: AngleRow): { side: string; angle: Angle }[] {
  const sides = { both: single, left, right };
  return Object.entries(sides).flatMap(([side, angle]) => (angle ? [{ side, angle }] : []));
}

/** Return the doubts that all angles share: they are told once. */
export function sharedDoubts({ angles }: Pick<PersonAngles, "angles">): string[] {
  const [first, ...rest] = Object.values(angles);
  return (first?.doubts ?? []).filter((doubt) => rest.every(({ doubts }) => doubts.includes(doubt)));
}

/** Return every other doubt of a row once, with the sides that have it. */
export function doubtsOf(row: AngleRow, shared: readonly string[]): { doubt: string; sides: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { side, angle } of sidesOf(row))
    for (const doubt of angle.doubts.filter((one) => !shared.includes(one))) found.set(doubt, [...(found.get(doubt) ?? []), side]);
  return [...found].map(([doubt, sides]) => ({ doubt, sides }));
}

/** Return "5° – 112°", where it is known. */
export function rangeText({ min, max, unit }: Angle): string {
  if (min === null || max === null) return "–";
  const value = (one: number) => (unit === "deg" ? `${Math.round(one)}°` : one.toFixed(2));
  return `${value(min)} – ${value(max)}`.replaceAll("-", "−");
}

/** Return a range with all of some columns and a little room, in tens. */
export function tensOf(columns: readonly Column[]): [number, number] {
  const values = columns.flatMap((column) => column.filter((value) => value !== null));
  const least = values.reduce((one, other) => Math.min(one, other), 0);
  const most = values.reduce((one, other) => Math.max(one, other), 30);
  return [Math.floor(least / 10) * 10, Math.ceil((most + 1) / 10) * 10];
}
