import { expect, test } from "vitest";
import { angleRows, doubtsOf, rangeText, sharedDoubts, sidesOf, tensOf } from "./angles";
import type { Angle } from "./types";

function angle(more: Partial<Angle> = {}): Angle {
  return {
    unit: "deg", min: -5.4, max: 112.2, range_of_motion: 117.6, mean: 40, max_speed: 100, seen: 1,
    uncertainty: 3, distortion: null, doubts: [], values: [], ...more,
  };
}

const PERSON = {
  angles: {
    left_knee_flexion: angle({ doubts: ["gaps", "small"] }),
    right_knee_flexion: angle({ doubts: ["small"] }),
    trunk_lean: angle(),
  },
  symmetry: { knee_flexion: 4.2 },
};

test("both sides of an angle are one row", () => {
  const [knee, trunk, ...rest] = angleRows(PERSON);
  expect([knee!.base, knee!.symmetry, sidesOf(knee!).map(({ side }) => side)]).toEqual(["knee_flexion", 4.2, ["left", "right"]]);
  expect([trunk!.base, trunk!.symmetry, sidesOf(trunk!).map(({ side }) => side)]).toEqual(["trunk_lean", null, ["both"]]);
  expect(rest).toEqual([]);
});

test("a doubt is told once, with its sides", () => {
  expect(doubtsOf(angleRows(PERSON)[0]!, [])).toEqual([
    { doubt: "gaps", sides: ["left"] },
    { doubt: "small", sides: ["left", "right"] },
  ]);
});

test("a doubt of all angles is told apart", () => {
  expect(sharedDoubts(PERSON)).toEqual([]);
  const { left_knee_flexion: left, right_knee_flexion: right } = PERSON.angles;
  const knees = { ...PERSON, angles: { left_knee_flexion: left, right_knee_flexion: right } };
  expect(sharedDoubts(knees)).toEqual(["small"]);
  expect(doubtsOf(angleRows(knees)[0]!, ["small"])).toEqual([{ doubt: "gaps", sides: ["left"] }]);
});

test("ranges are read", () => {
  expect(rangeText(angle())).toBe("−5° – 112°");
  expect(rangeText(angle({ min: null, max: null }))).toBe("–");
  expect(tensOf([[-12, null, 47]])).toEqual([-20, 50]);
  expect(tensOf([[]])).toEqual([0, 40]);
});
