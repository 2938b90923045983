import { expect, test } from "vitest";
import { MedianMeter, RateMeter } from "./meters";

test("the rate of the last two seconds", () => {
  const meter = new RateMeter();
  for (let time = 0; time <= 4000; time += 100) meter.tick(time);
  expect(meter.rate(4000)).toBeCloseTo(10);
  for (let time = 4050; time <= 8000; time += 50) meter.tick(time);
  expect(meter.rate(8000)).toBeCloseTo(20);
});

test("no frames, no rate", () => {
  const meter = new RateMeter();
  expect(meter.rate(0)).toBe(0);
  meter.tick(0);
  meter.tick(100);
  expect(meter.rate(100)).toBeCloseTo(10);
  expect(meter.rate(5000)).toBe(0);
});

test("one slow frame doesn't move the median", () => {
  const meter = new MedianMeter();
  expect(meter.median).toBeNull();
  for (const value of [20, 30, 900, 25, 35]) meter.take(value);
  expect(meter.median).toBe(30);
  for (let count = 0; count < 40; count += 1) meter.take(50);
  expect(meter.median).toBe(50);
  meter.clear();
  expect(meter.median).toBeNull();
});
