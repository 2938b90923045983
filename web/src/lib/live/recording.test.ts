import { expect, test } from "vitest";
import type { FrameRecord, Header } from "../api/client";
import { LONGEST_S, Recording } from "./recording.svelte";

const header = { schema: "posemill/1", source: "live", width: 4, height: 3, landmark_names: ["nose"] } as Header;
const person = { id: 2, score: 1, box: [], landmarks: [[0.5, 0.25, 0, 1, 1]], world: [[0, 1, 2]], flags: {} };
const record = (frame: number): FrameRecord => ({ frame, time_s: frame / 10, people: [person] });

function recorded(count: number): Recording {
  const recording = new Recording(null);
  for (let frame = 0; frame < count; frame += 1) recording.take(header, record(frame + 7), 5000 + 100 * frame);
  return recording;
}

test("a header, and frames that count from the start", async () => {
  const lines = (await recorded(400).records().text()).trimEnd().split("\n").map((line) => JSON.parse(line));
  expect(lines).toHaveLength(401);
  expect(lines[0]).toEqual(header);
  expect(lines[1]).toEqual({ frame: 0, time_s: 0, people: [person] });
  expect(lines[400]).toMatchObject({ frame: 399, time_s: 39.9 });
});

test("the same as a table", async () => {
  const lines = (await (await recorded(400).csv()).text()).trimEnd().split("\r\n");
  expect(lines).toHaveLength(401);
  expect(lines[400]).toBe("live,399,39.9,2,nose,0.5,0.25,0,1,1,0,1,2");
});

test("frames of another size are not mixed in", () => {
  const recording = recorded(3);
  recording.take({ ...header, width: 3, height: 4 }, record(3), 5300);
  expect([recording.isOn, recording.end, recording.frames]).toEqual([false, "changed", 3]);
});

test("it ends when it is as long as it may be", () => {
  const recording = recorded(1);
  recording.take(header, record(1), 5000 + 1000 * LONGEST_S + 1);
  expect([recording.isOn, recording.end, recording.frames]).toEqual([false, "full", 1]);
});
