import { expect, test } from "vitest";
import type { Person } from "../api/client";
import { placed } from "./world";

function person(id: number, world: number[][]): Person {
  return { id, score: 1, box: [], landmarks: [], world, flags: {} };
}

test("the lowest point stands on the floor, heads are up, what is near comes to the viewer", () => {
  const [head, foot] = placed([person(0, [[0.1, -0.8, -0.2], [0, 0.9, 0.1]])])[0]!;
  expect(head![0]).toBeCloseTo(0.1);
  expect(head![1]).toBeCloseTo(1.7);
  expect(head![2]).toBeCloseTo(0.2);
  expect(foot![1]).toBeCloseTo(0);
  expect(foot![2]).toBeCloseTo(-0.1);
});

test("several stand in a row by their numbers, about the middle", () => {
  const xs = placed([person(7, [[0, 0, 0]]), person(2, [[0, 0, 0]])]).map((marks) => marks[0]![0]);
  expect(xs).toEqual([0.6, -0.6]);
});
