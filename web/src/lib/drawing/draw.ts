/** Skeletons on a canvas: the same code for photo, video and live. */
import type { Person, Skeleton } from "../api/client";
import type { Style } from "./style.svelte";

/** From 0..1 of the picture to pixels of the canvas. */
export interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export type Marks = readonly (readonly number[])[];

// As posemill/drawing/figures.py: sizes at unit 1, a picture of 480 rows.
const UNIT_SIDE_PX = 480;
const UNIT_PERSON_PX = 360;
const MIN_UNIT = 0.6;
const RIM = "rgba(16, 16, 16, 0.65)";

export function at(mark: readonly number[], frame: Frame): Point {
  return { x: frame.x + (mark[0] ?? 0) * frame.width, y: frame.y + (mark[1] ?? 0) * frame.height };
}

/** Whether a landmark is drawn: sure enough, and inside of the picture. */
export function isShown(mark: readonly number[] | undefined, minVisibility: number): boolean {
  if (!mark) return false;
  const [x = -1, y = -1, , visibility = 1, presence = 1] = mark;
  const isSure = visibility >= minVisibility && presence >= minVisibility;
  return isSure && x >= 0 && x <= 1 && y >= 0 && y <= 1;
}

/** Return how large lines are: by the picture, and smaller for small people. */
export function unitOf(marks: Marks, frame: Frame, minVisibility: number): number {
  const shown = marks.filter((mark) => isShown(mark, minVisibility)).map((mark) => at(mark, frame));
  const unit = Math.min(frame.width, frame.height) / UNIT_SIDE_PX;
  if (!shown.length) return Math.max(unit, MIN_UNIT);
  const xs = shown.map((point) => point.x);
  const ys = shown.map((point) => point.y);
  const extent = Math.hypot(
    Math.max(...xs) - Math.min(...xs),
    Math.max(...ys) - Math.min(...ys),
  );
  return Math.max(Math.min(unit, extent / UNIT_PERSON_PX), MIN_UNIT);
}

/** Draw people over whatever is on the canvas. */
export function drawPeople(
  pen: CanvasRenderingContext2D,
  people: readonly Person[],
  skeleton: Skeleton,
  style: Style,
  frame: Frame,
  nameOf: (landmark: number) => string,
): void {
  pen.lineCap = "round";
  pen.lineJoin = "round";
  for (const person of people) {
    const unit = unitOf(person.landmarks, frame, style.minVisibility);
    if (style.skeleton) {
      drawBones(pen, person.landmarks, skeleton, style, frame, unit);
      drawJoints(pen, person.landmarks, skeleton, style, frame, unit);
    }
    if (style.box) drawBox(pen, person, skeleton, style, frame, unit);
    if (style.names) drawNames(pen, person.landmarks, style, frame, nameOf);
  }
}

function drawBones(
  pen: CanvasRenderingContext2D,
  marks: Marks,
  skeleton: Skeleton,
  style: Style,
  frame: Frame,
  unit: number,
): void {
  const isPlain = style.look === "plain";
  const bones = skeleton.bones.filter(
    (bone) =>
      isShown(marks[bone.from], style.minVisibility) && isShown(marks[bone.to], style.minVisibility),
  );
  const depth = (bone: (typeof bones)[number]) =>
    (marks[bone.from]?.[2] ?? 0) + (marks[bone.to]?.[2] ?? 0);
  bones.sort((one, other) => depth(other) - depth(one)); // the nearest last
  const width = unit * (isPlain ? 2 : 3.4);
  for (const bone of bones) {
    const from = at(marks[bone.from] ?? [], frame);
    const to = at(marks[bone.to] ?? [], frame);
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    if (!isPlain) {
      pen.lineWidth = width + 2.2 * unit;
      pen.strokeStyle = RIM;
      pen.stroke();
    }
    pen.lineWidth = width;
    pen.strokeStyle = colour(skeleton, isPlain ? "line" : bone.limb);
    pen.stroke();
  }
}

function drawJoints(
  pen: CanvasRenderingContext2D,
  marks: Marks,
  skeleton: Skeleton,
  style: Style,
  frame: Frame,
  unit: number,
): void {
  const isPlain = style.look === "plain";
  marks.forEach((mark, number) => {
    if (!isShown(mark, style.minVisibility)) return;
    const { x, y } = at(mark, frame);
    const radius = unit * (isPlain ? 2.5 : number < 11 ? 1.8 : 2.6);
    disc(pen, x, y, radius + unit * 1.1, isPlain ? colour(skeleton, "line") : RIM);
    disc(pen, x, y, radius, isPlain ? colour(skeleton, "point") : "#fff");
  });
}

function disc(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  fill: string,
): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
}

function drawBox(
  pen: CanvasRenderingContext2D,
  person: Person,
  skeleton: Skeleton,
  style: Style,
  frame: Frame,
  unit: number,
): void {
  const points = person.landmarks.map((mark) => at(mark, frame));
  const left = Math.min(...points.map((point) => point.x));
  const top = Math.min(...points.map((point) => point.y));
  const right = Math.max(...points.map((point) => point.x));
  const bottom = Math.max(...points.map((point) => point.y));
  pen.lineWidth = Math.max(1.5, unit * 1.6);
  pen.strokeStyle = colour(skeleton, style.look === "plain" ? "line" : "left_arm");
  pen.strokeRect(left, top, right - left, bottom - top);
  write(pen, `${person.id + 1}`, left + 6, Math.max(top - 8, frame.y + 12), "600 13px");
}

function drawNames(
  pen: CanvasRenderingContext2D,
  marks: Marks,
  style: Style,
  frame: Frame,
  nameOf: (landmark: number) => string,
): void {
  marks.forEach((mark, number) => {
    // The eleven of the face would hide it.
    if (number > 0 && number < 11) return;
    if (!isShown(mark, style.minVisibility)) return;
    const { x, y } = at(mark, frame);
    write(pen, nameOf(number), x + 7, y, "11px");
  });
}

function write(
  pen: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  font: string,
): void {
  pen.font = `${font} system-ui, sans-serif`;
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.strokeStyle = "rgba(0, 0, 0, 0.75)";
  pen.strokeText(text, x, y);
  pen.fillStyle = "#fff";
  pen.fillText(text, x, y);
}

export function colour(skeleton: Skeleton, name: string): string {
  return skeleton.colours[name] ?? "#fff";
}

/** Return the landmark under a point of the canvas, within `reach` px, the nearest. */
export function hit(
  people: readonly Person[],
  point: Point,
  frame: Frame,
  minVisibility: number,
  reach = 12,
): { person: number; landmark: number } | null {
  let best: { person: number; landmark: number } | null = null;
  let least = reach;
  people.forEach((person, number) => {
    person.landmarks.forEach((mark, landmark) => {
      if (!isShown(mark, minVisibility)) return;
      const { x, y } = at(mark, frame);
      const distance = Math.hypot(x - point.x, y - point.y);
      if (distance < least) {
        least = distance;
        best = { person: number, landmark };
      }
    });
  });
  return best;
}

/** Return where a picture lies that is shown whole and as large as it fits, `zoom`ed and moved. */
export function fitted(
  picture: { width: number; height: number },
  canvas: { width: number; height: number },
  zoom = 1,
  shift: Point = { x: 0, y: 0 },
): Frame {
  const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height) * zoom;
  const [width, height] = [picture.width * scale, picture.height * scale];
  return {
    x: (canvas.width - width) / 2 + shift.x,
    y: (canvas.height - height) / 2 + shift.y,
    width,
    height,
  };
}
