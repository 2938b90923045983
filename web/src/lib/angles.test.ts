import { expect, test } from "vitest";
import { angle, ANGLES } from "./angles";

function world(points: Record<number, number[]>): number[][] {
  return Array.from({ length: 33 }, (_, place) => points[place] ?? [0, 0, 0]);
}

test("a stretched arm, a right angle, a folded one", () => {
  const [shoulder, elbow, wrist] = ANGLES.left_elbow;
  const points = { [shoulder]: [0, 0, 0], [elbow]: [0, 1, 0] };
  expect(angle(world({ ...points, [wrist]: [0, 2, 0] }), "left_elbow")).toBeCloseTo(180);
  expect(angle(world({ ...points, [wrist]: [0, 1, 1] }), "left_elbow")).toBeCloseTo(90);
  expect(angle(world({ ...points, [wrist]: [0, 0.5, 0] }), "left_elbow")).toBeCloseTo(0);
});

test("no angle without a limb", () => {
  expect(angle(world({}), "right_knee")).toBeNull();
});
