import { expect, test } from "vitest";
import { Flow, Pace } from "./flow";

function flow(): { flow: Flow<string>; forgotten: string[] } {
  const forgotten: string[] = [];
  return { flow: new Flow((held) => forgotten.push(held)), forgotten };
}

test("at most two are on their way", () => {
  const { flow: sent } = flow();
  sent.send("a", 0);
  expect(sent.hasRoom(1)).toBe(true);
  sent.send("b", 1);
  expect(sent.hasRoom(2)).toBe(false);
  expect(sent.answer(0)).toBe("a");
  expect(sent.hasRoom(3)).toBe(true);
});

test("an answer tells that earlier frames have none", () => {
  const { flow: sent, forgotten } = flow();
  sent.send("a", 0);
  sent.send("b", 1);
  expect(sent.answer(1)).toBe("b");
  expect(forgotten).toEqual(["a"]);
  expect(sent.answer(0)).toBeNull();
});

test("a frame that is never answered makes room in the end", () => {
  const { flow: sent, forgotten } = flow();
  sent.send("a", 0);
  sent.send("b", 100);
  expect(sent.hasRoom(4000)).toBe(false);
  expect(sent.hasRoom(5050)).toBe(true);
  expect(forgotten).toEqual(["a"]);
});

test("a new connection counts from 0", () => {
  const { flow: sent, forgotten } = flow();
  sent.send("a", 0);
  sent.clear();
  expect(forgotten).toEqual(["a"]);
  sent.send("b", 1);
  expect(sent.answer(0)).toBe("b");
});

function taken(rate: number, times: readonly number[]): number[] {
  const pace = new Pace(rate);
  return times.filter((time) => {
    const isDue = pace.isDue(time);
    if (isDue) pace.took(time);
    return isDue;
  });
}

const beats = (rate: number, seconds: number) =>
  Array.from({ length: rate * seconds }, (_, place) => (place * 1000) / rate);

test.each([
  [15, 30],
  [15, 25],
  [10, 30],
  [30, 30],
  [15, 60],
])("%i of %i frames a second", (rate, camera) => {
  expect(taken(rate, beats(camera, 10)).length / 10).toBeCloseTo(rate, 0);
});

test("a slower camera gives all it has", () => {
  expect(taken(15, beats(8, 10))).toHaveLength(80);
});

test("a pause is not made up for in a burst", () => {
  const times = [0, 5000, 5010, 5020, 5030, 5130];
  expect(taken(10, times)).toEqual([0, 5000, 5030, 5130]);
});

test("what took long to send moves the next", () => {
  const pace = new Pace(10);
  pace.took(0);
  pace.sent(90);
  expect(pace.isDue(100)).toBe(false);
  expect(pace.isDue(140)).toBe(true);
});
