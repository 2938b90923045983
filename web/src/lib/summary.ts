import { api, type Job } from "./api/client";

/** What a job's summary tells that the page shows. */
export interface Summary {
  frames: number;
  frames_with_people: number;
  problems: string[];
}

/** Return a job's summary, null where it has none, or it can't be had. */
export async function summaryOf(job: Job): Promise<Summary | null> {
  if (!job.results.includes("summary")) return null;
  try {
    const stream = await api.stream(api.result(job.id, "summary"));
    return (await new Response(stream).json()) as Summary;
  } catch {
    return null; // it is there to be downloaded all the same
  }
}
