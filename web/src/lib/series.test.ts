import { expect, test } from "vitest";
import { Records } from "./records";
import { column, jointsOf, reduced } from "./series";

// A wrist (15) that goes along x; the rest stays.
function records(
  xs: (number | null)[],
  step = 0.1,
  times = xs.map((_, frame) => frame * step),
  visibility = 0.875,
): Records {
  const made = new Records();
  made.add(JSON.stringify({ schema: "posemill/1", landmark_names: Array.from({ length: 33 }, String) }));
  xs.forEach((x, frame) => {
    const world = Array.from({ length: 33 }, (_, place) => (place === 15 ? [x, 0, 0] : [0, 0, 0]));
    world[11] = [0, -1, 0];
    world[13] = [0, -0.5, 0];
    const landmarks = world.map(() => [0.5, 0.5, 0, visibility, 1]);
    const people = x === null ? [] : [{ id: 2, score: 1, box: [], landmarks, world, flags: {} }];
    made.add(JSON.stringify({ frame, time_s: times[frame], people }));
  });
  return made;
}

test("speed is the way over its time, against the hips", () => {
  const even = column(records([0, 0.1, 0.2, 0.3]), 2, "speed", "left_wrist");
  for (const value of even) expect(value).toBeCloseTo(1);
  expect(column(records([0, 0.1]), 2, "speed", "right_wrist")).toEqual([0, 0]);
});

test("speed has gaps where nobody is, and doesn't leap over them", () => {
  const found = column(records([0, 0.1, null, 5, 5.1, null, 9]), 2, "speed", "left_wrist");
  const whole = found.map((value) => (value === null ? null : Math.round(value * 1000) / 1000));
  expect(whole).toEqual([1, 1, null, 1, 1, null, null]);
  const far = column(records([0, 0.1, 0.2, 7], 0.1, [0, 0.1, 0.2, 60]), 2, "speed", "left_wrist");
  expect(far[3]).toBeNull();
});

test("what is out of sight has no speed", () => {
  const hidden = records([0, 0.1], 0.1, [0, 0.1], 0.25);
  expect(column(hidden, 2, "speed", "left_wrist")).toEqual([null, null]);
});

test("angles and visibility, null for who isn't there", () => {
  const some = records([0, null]);
  expect(column(some, 2, "visibility", "left_wrist")).toEqual([0.875, null]);
  const [elbow, none] = column(some, 2, "angles", "left_elbow");
  expect(elbow).toBeCloseTo(180);
  expect(none).toBeNull();
  expect(column(some, 5, "angles", "left_elbow")).toEqual([null, null]);
});

test("hips have no speed of their own, wrists no angle", () => {
  expect(jointsOf("speed")).not.toContain("left_hip");
  expect(jointsOf("speed")).toContain("left_wrist");
  expect(jointsOf("angles")).not.toContain("left_wrist");
});

test("a long column keeps its extremes in order, and its gaps", () => {
  const times = Array.from({ length: 100_000 }, (_, place) => place / 30);
  const values = times.map((_, place) => (place >= 50_000 && place < 60_000 ? null : Math.sin(place)));
  values[777] = 40;
  values[90_001] = -40;
  const small = reduced(times, [values], 4000);
  expect(small.times.length).toBeLessThanOrEqual(4000);
  expect(small.columns[0]!.length).toBe(small.times.length);
  expect(small.columns[0]).toContain(40);
  expect(small.columns[0]).toContain(-40);
  const at = small.times.findIndex((time) => time > 55_000 / 30);
  expect(small.columns[0]![at]).toBeNull();
  for (let place = 1; place < small.times.length; place += 1)
    expect(small.times[place]!).toBeGreaterThan(small.times[place - 1]!);
});

test("a short one stays as it is", () => {
  expect(reduced([0, 1], [[5, null]], 4000)).toEqual({ times: [0, 1], columns: [[5, null]] });
});

test("extremes come in the order in which they came", () => {
  expect(reduced([0, 1, 2, 3, 4, 5, 6, 7], [[3, 9, 1, 2, 1, 5, 9, 3]], 4).columns).toEqual([[9, 1, 1, 9]]);
});
