/** What differs, over a skeleton: limbs and joints in the colour of how far they are apart. */
import { at, isShown, type Frame, type Marks, type Point } from "./draw";

// Less is what two cameras differ by that see the same moment.
export const LEAST_DEG = 10;
const MOST_DEG = 45;
const HUES = [56, 0] as const; // yellow to red

// What lies between the middles of some landmarks, or, of a joint, is where one is.
const PLACES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  trunk: [[11, 12], [23, 24]],
  head: [[11, 12], [7, 8]],
  ...ofSide("left", 0),
  ...ofSide("right", 1),
};

function ofSide(side: string, by: number): Record<string, readonly (readonly number[])[]> {
  const [shoulder, elbow, wrist, hip, knee, ankle] = [11, 13, 15, 23, 25, 27].map((one) => [one + by]);
  return {
    [`${side}_shoulder`]: [shoulder!, elbow!],
    [`${side}_elbow`]: [elbow!],
    [`${side}_forearm`]: [elbow!, wrist!],
    [`${side}_hip`]: [hip!, knee!],
    [`${side}_knee`]: [knee!],
    [`${side}_shank`]: [knee!, ankle!],
  };
}

/** Return the colour of a difference, null where it is none. */
export function differenceColour(degrees: number | null): string | null {
  if (degrees === null || degrees < LEAST_DEG) return null;
  const share = Math.min((degrees - LEAST_DEG) / (MOST_DEG - LEAST_DEG), 1);
  return `hsl(${Math.round(HUES[0] + (HUES[1] - HUES[0]) * share)} 100% ${Math.round(52 - 4 * share)}%)`;
}

/** Return the name of the same limb in a mirror. */
export function mirroredName(name: string): string {
  if (name.startsWith("left_")) return name.replace("left_", "right_");
  return name.replace(/^right_/, "left_");
}

/** Draw the differences of one person: thicker, the larger they are. */
export function drawDifferences(
  pen: CanvasRenderingContext2D,
  marks: Marks,
  differences: Readonly<Record<string, number | null>>,
  frame: Frame,
  unit: number,
  minVisibility: number,
): void {
  pen.lineCap = "round";
  for (const [name, degrees] of Object.entries(differences)) {
    const colour = differenceColour(degrees);
    const points = (PLACES[name] ?? []).map((places) => middle(marks, places, frame, minVisibility));
    if (!colour || !points.every((point) => point !== null)) continue;
    const width = unit * (5 + (4 * Math.min(degrees ?? 0, MOST_DEG)) / MOST_DEG);
    const [from, to] = points;
    if (from && to) line(pen, from, to, width, colour);
    else if (from) disc(pen, from, width * 1.15, colour);
  }
}

function middle(marks: Marks, places: readonly number[], frame: Frame, minVisibility: number): Point | null {
  if (!places.every((place) => isShown(marks[place], minVisibility))) return null;
  const points = places.map((place) => at(marks[place] ?? [], frame));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { x: mean(points.map(({ x }) => x)), y: mean(points.map(({ y }) => y)) };
}

function line(pen: CanvasRenderingContext2D, from: Point, to: Point, width: number, colour: string): void {
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y);
  pen.lineWidth = width + 2;
  pen.strokeStyle = "rgba(16, 16, 16, 0.65)";
  pen.stroke();
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.stroke();
}

function disc(pen: CanvasRenderingContext2D, { x, y }: Point, radius: number, colour: string): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = "rgba(16, 16, 16, 0.65)";
  pen.stroke();
}
