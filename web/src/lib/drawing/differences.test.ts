import { expect, test } from "vitest";
import { differenceColour, drawDifferences, LEAST_DEG, mirroredName } from "./differences";

const FRAME = { x: 0, y: 0, width: 100, height: 100 };

function marksAt(x: number): number[][] {
  return Array.from({ length: 33 }, (_, place) => [x, place / 33, 0, 1, 1]);
}

/** Return what is drawn: the calls that begin a stroke or a disc. */
function drawn(differences: Record<string, number | null>, marks = marksAt(0.5)): string[] {
  const calls: string[] = [];
  const pen = new Proxy({} as Record<string, unknown>, {
    get: (_, name: string) => () => calls.push(name),
    set: () => true,
  });
  drawDifferences(pen as unknown as CanvasRenderingContext2D, marks, differences, FRAME, 1, 0.5);
  return calls.filter((name) => name === "lineTo" || name === "arc");
}

test("small differences have no colour, large ones are red", () => {
  expect([null, 0, LEAST_DEG - 0.1].map(differenceColour)).toEqual([null, null, null]);
  expect(differenceColour(LEAST_DEG)).toBe("hsl(56 100% 52%)");
  expect(differenceColour(90)).toBe("hsl(0 100% 48%)");
});

test("limbs are lines and joints are discs", () => {
  expect(drawn({ left_shoulder: 30, left_elbow: 20, trunk: 15, right_knee: 3, head: null })).toEqual(["lineTo", "arc", "lineTo"]);
});

test("what isn't in the picture isn't drawn", () => {
  expect(drawn({ left_shoulder: 30, left_elbow: 20 }, marksAt(2))).toEqual([]);
});

test("a mirror swaps the sides", () => {
  expect(["left_knee", "right_forearm", "trunk"].map(mirroredName)).toEqual(["right_knee", "left_forearm", "trunk"]);
});
