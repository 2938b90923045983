/** The one place that talks to the service. Types come from its openapi.json (`make web-types`). */
import type { components, paths } from "./schema";
import { chosen } from "../texts/index.svelte";

type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Document = Schemas["Document"];
export type FrameRecord = Schemas["FrameRecord"];
export type Header = Schemas["Header"];
export type Person = Schemas["Person"];
export type Job = Schemas["Job"];
export type Jobs = Schemas["Jobs"];
export type Skeleton = Schemas["Skeleton"];
export type Status = Schemas["Status"];
export type Check = Schemas["Check"];
export type PictureOptions = NonNullable<paths["/api/v1/detect"]["post"]["parameters"]["query"]>;

/** What the service answers when it refuses; `problem` is null where it doesn't answer at all. */
export class Refusal extends Error {
  constructor(
    readonly problem: Problem | null,
    readonly retryAfterS: number | null = null,
  ) {
    super(problem?.detail ?? "no answer");
  }

  /** Whether the same request may succeed in a moment. */
  get isPassing(): boolean {
    return this.problem === null || this.retryAfterS !== null;
  }
}

/** Return an address of the service, relative to the page. */
export function address(path: string, query: Record<string, string | number | boolean> = {}): URL {
  const url = new URL(path, document.baseURI);
  url.hash = "";
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url;
}

/** The same for a WebSocket. */
export function socketAddress(path: string, query: Record<string, string | number | boolean> = {}): URL {
  const url = address(path, query);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

function headers(): Record<string, string> {
  return { "Accept-Language": chosen.language };
}

export async function asked(url: URL, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { ...headers(), ...init.headers } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal(null);
  }
  if (!response.ok) throw refusal(response.status, await response.text(), response.headers);
  return response;
}

/** Return why a request was refused, from its answer. */
export function refusal(
  status: number,
  body: string,
  head: { get(name: string): string | null },
): Refusal {
  const after = Number(head.get("retry-after"));
  const retryAfterS = head.get("retry-after") && Number.isFinite(after) ? after : null;
  try {
    const problem = JSON.parse(body) as Problem;
    if (typeof problem.code === "string") return new Refusal(problem, retryAfterS);
  } catch {
    // Not ours: a proxy's page, say.
  }
  return new Refusal(status >= 502 || status === 0 ? null : foreign(status), retryAfterS);
}

function foreign(status: number): Problem {
  const title = `HTTP ${status}`;
  return { type: "about:blank", title, status, code: "bad_request", detail: title, advice: "" };
}

export async function json<T>(url: URL, init: RequestInit = {}): Promise<T> {
  return (await (await asked(url, init)).json()) as T;
}

export const api = {
  status: (signal?: AbortSignal) =>
    json<Status>(address("api/v1/status"), { signal: signal ?? null }),
  examined: () => json<Status>(address("api/v1/status", { checks: true })),
  skeleton: () => json<Skeleton>(address("api/v1/skeleton")),
  jobs: (limit: number, offset = 0) => json<Jobs>(address("api/v1/jobs", { limit, offset })),
  job: (id: string) => json<Job>(address(`api/v1/jobs/${id}`)),
  remove: async (id: string): Promise<void> => {
    await asked(address(`api/v1/jobs/${id}`), { method: "DELETE" });
  },
  result: (id: string, kind: string) => address(`api/v1/jobs/${id}/results/${kind}`),
  source: (id: string) => address(`api/v1/jobs/${id}/results/source`),
  stream: async (url: URL, signal?: AbortSignal) => {
    const response = await asked(url, { signal: signal ?? null });
    if (!response.body) throw new Refusal(null);
    return response.body;
  },
  /** Have a picture drawn by the service. */
  drawn: async (file: File, type: string, query: Record<string, string | number | boolean>) => {
    const init = { method: "POST", body: file, headers: { ...named(file), Accept: type } };
    return (await asked(address("api/v1/detect", query), init)).blob();
  },
  detect,
};

function named(file: File): Record<string, string> {
  return {
    "X-File-Name": encodeURIComponent(file.name),
    "Content-Type": file.type || "application/octet-stream",
  };
}

/** Send a picture, telling how much of it has gone: fetch can't, XMLHttpRequest can. */
function detect(
  file: File,
  query: PictureOptions,
  sent: (share: number) => void,
  signal: AbortSignal,
): Promise<Document> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const plain = Object.fromEntries(Object.entries(query).filter(([, v]) => v !== undefined));
    request.open("POST", address("api/v1/detect", plain as Record<string, string>));
    for (const [name, value] of Object.entries({ ...headers(), ...named(file) }))
      request.setRequestHeader(name, value);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => sent(event.total ? event.loaded / event.total : 0);
    request.upload.onload = () => sent(1);
    request.onload = () => {
      if (request.status === 200) resolve(JSON.parse(request.responseText) as Document);
      else {
        const head = { get: (name: string) => request.getResponseHeader(name) };
        reject(refusal(request.status, request.responseText, head));
      }
    };
    request.onerror = () => reject(new Refusal(null));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
