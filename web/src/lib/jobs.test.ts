import { beforeAll, expect, test, vi } from "vitest";
import type { Job } from "./api/client";

vi.mock("./texts/index.svelte", () => ({ t: (key: string, values: object) => `${key} ${JSON.stringify(values)}` }));
let jobs: typeof import("./jobs");
beforeAll(async () => void (jobs = await import("./jobs")));

function job(id: string, created_s: number, more: Partial<Job> = {}): Job {
  const known = { id, created_s, state: "queued", progress: null, frames: 0, rate: null, time_left_s: null };
  return { ...known, ...more } as Job;
}

test("a page renews its jobs, adds new ones, drops deleted ones and keeps older ones", () => {
  const list = [job("d", 4), job("c", 3), job("b", 2), job("a", 1)];
  const page = [job("e", 5), job("d", 4, { state: "running" }), job("b", 2)];
  const found = jobs.merged(list, page, false);
  expect(found.map((one) => one.id)).toEqual(["e", "d", "b", "a"]);
  expect(found[1]!.state).toBe("running");
});

test("a page that is all there is replaces the list", () => {
  expect(jobs.merged([job("a", 1)], [], true)).toEqual([]);
});

test("progress is told in whole percents that never say more than is done", () => {
  const running = job("a", 1, { state: "running", progress: 0.999, frames: 30, rate: 41.26, time_left_s: 61.2 });
  expect(jobs.progressOf(running)).toContain('"percent":99,"frames":30,"rate":"41"');
  expect(jobs.leftOf(running)).toContain("1:02");
  expect(jobs.progressOf(job("a", 1, { state: "running" }))).toContain("job.begins");
  expect(jobs.progressOf(job("a", 1, { state: "paused" }))).toBe("");
});
