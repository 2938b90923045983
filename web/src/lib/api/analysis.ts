/** What the service is asked about what people do. */
import type {
  AnglesDocument, Comparison, CountDocument, Exercise, Mirroring, PictureComparison, Score, Template,
} from "../analysis/types";
import { chosen } from "../texts/index.svelte";
import { address, asked, json } from "./client";

function of(job: string, what: string, query: Record<string, string | number | boolean> = {}): URL {
  return address(`api/v1/jobs/${encodeURIComponent(job)}/${what}`, query);
}

export const analysis = {
  exercises: async (): Promise<Exercise[]> =>
    (await json<{ exercises: Exercise[] }>(address("api/v1/exercises"))).exercises,
  count: (job: string, exercise: string, signal: AbortSignal) =>
    json<CountDocument>(of(job, "count", { exercise }), { signal }),
  angles: (job: string, signal: AbortSignal) => json<AnglesDocument>(of(job, "angles"), { signal }),
  compare: (a: string, b: string, how: { mirror: Mirroring; find?: boolean }, signal: AbortSignal) =>
    json<Comparison>(of(a, `compare/${encodeURIComponent(b)}`, how), { signal }),
  comparePictures: (a: File, b: File, mirror: Mirroring, signal: AbortSignal) => {
    const body = new FormData();
    body.append("a", a);
    body.append("b", b);
    return json<PictureComparison>(address("api/v1/compare", { mirror }), { method: "POST", body, signal });
  },
  score: (job: string, template: string, signal: AbortSignal) =>
    json<Score>(of(job, "score", { template }), { signal }),
  templates: async (): Promise<Template[]> =>
    (await json<{ templates: Template[] }>(address("api/v1/templates"))).templates,
  makeTemplate: (name: string, jobs: readonly string[], exercise: string) => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ name, jobs, exercise });
    return json<Template>(address("api/v1/templates"), { method: "POST", body, headers });
  },
  removeTemplate: async (name: string): Promise<void> => {
    await asked(address(`api/v1/templates/${encodeURIComponent(name)}`), { method: "DELETE" });
  },
  report: (job: string) => of(job, "report", { language: chosen.language }),
};
