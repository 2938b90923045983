/** What can be said of a job without asking anybody. */
import type { Job } from "./api/client";
import { clock } from "./formats";
import { t } from "./texts/index.svelte";

const FINAL: ReadonlySet<Job["state"]> = new Set(["succeeded", "failed", "cancelled"]);

export function isFinal(job: Job): boolean {
  return FINAL.has(job.state);
}

/** Return the new list, with what `page` tells of its jobs; new ones come first, as the service has it. */
export function merged(list: readonly Job[], page: readonly Job[], isWhole: boolean): Job[] {
  if (isWhole) return [...page];
  const told = new Set(page.map((job) => job.id));
  const oldest = page.at(-1)?.created_s ?? Infinity;
  // What is newer than the page's end and not in it has been deleted.
  return [...page, ...list.filter((job) => !told.has(job.id) && job.created_s <= oldest)];
}

/** Return how far a job is, in words. */
export function progressOf(job: Job): string {
  if (job.state === "queued") return t("job.queued");
  if (job.progress === null) return job.state === "running" ? t("job.begins") : "";
  const values = {
    percent: Math.floor(job.progress * 100),
    frames: job.frames,
    rate: job.rate === null ? "–" : job.rate.toFixed(job.rate < 10 ? 1 : 0),
  };
  return t("job.progress", values);
}

export function leftOf(job: Job): string {
  if (job.state !== "running" || job.time_left_s === null) return "";
  return t("job.left", { time: clock(Math.ceil(job.time_left_s)) });
}
