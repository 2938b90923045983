import { expect, test } from "vitest";
import { factsOf } from "./facts";

const FALL = { id: 3, kind: "fall", drop_m: 0.9, took_s: 0.6, inclination_deg: 84, down_s: 2, hip_height_m: null };

test("a fall is told by how far, how fast and how somebody lies", () => {
  expect(factsOf("fall", { people: [FALL] })).toEqual([
    { name: "drop", values: { metres: 0.9, seconds: 0.6 } },
    { name: "lying", values: { degrees: 84 } },
    { name: "down", values: { seconds: 2 } },
  ]);
});

test("what isn't known isn't told", () => {
  expect(factsOf("lying", { people: [{ id: 0, inclination_deg: null, for_s: 61 }] })).toEqual([
    { name: "for", values: { seconds: 61 } },
  ]);
  expect(factsOf("person", { people: [{ id: 0, score: 0.9 }] })).toEqual([]);
  expect(factsOf("of a later version", { people: [0] })).toEqual([]);
  expect(factsOf("nobody", {})).toEqual([]);
});

test("several people are counted", () => {
  expect(factsOf("crowd", { people: [{ id: 0 }, { id: 1 }, { id: 2 }] })).toEqual([
    { name: "people", values: { count: 3 } },
  ]);
});

test("lengths are in centimetres, directions and angles are words", () => {
  expect(factsOf("still", { people: [{ moved_m: 0.021, for_s: 60 }] })[0]?.values).toEqual({ centimetres: 2.1 });
  expect(factsOf("line", { people: [{ to: "left" }] })).toEqual([{ name: "to", values: { side: "left" } }]);
  expect(factsOf("angle", { people: [{ angle: "left_knee_flexion", degrees: 95.2 }] })).toEqual([
    { name: "angle", values: { angle: "left_knee_flexion", degrees: 95.2 } },
  ]);
});
