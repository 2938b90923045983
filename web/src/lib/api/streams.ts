/** What the service is asked about streams and alerts. */
import type { Alert, Alerts, Stream, StreamBody, Streams, StreamTest } from "../streams/types";
import { address, asked, json, socketAddress } from "./client";

function sent(method: string, body: object): RequestInit {
  return { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

function at(name: string, rest = ""): URL {
  return address(`api/v1/streams/${encodeURIComponent(name)}${rest}`);
}

export const streams = {
  list: () => json<Streams>(address("api/v1/streams")),
  one: (name: string) => json<Stream>(at(name)),
  add: (body: StreamBody) => json<Stream>(address("api/v1/streams"), sent("POST", body)),
  change: (name: string, body: StreamBody) => json<Stream>(at(name), sent("PUT", body)),
  remove: async (name: string): Promise<void> => {
    await asked(at(name), { method: "DELETE" });
  },
  test: (body: StreamBody, signal: AbortSignal) =>
    json<StreamTest>(address("api/v1/streams/test"), { ...sent("POST", body), signal }),
  snapshot: async (name: string, signal: AbortSignal): Promise<Blob> =>
    (await asked(at(name, "/snapshot?width=960"), { signal })).blob(),
  /** All that is shown comes over one connection; it is told what that is once it is open. */
  watch: () => socketAddress("api/v1/streams/watch", { streams: "", width: 0 }),
};

export interface Asked {
  limit: number;
  before?: string;
  stream?: string;
  unacknowledged?: boolean;
}

export const alerts = {
  list: async (query: Asked): Promise<Alert[]> =>
    (await json<Alerts>(address("api/v1/alerts", { ...query }))).alerts,
  acknowledge: (id: string) => json<Alert>(of(id, "acknowledge"), { method: "POST" }),
  test: (name: string) => json<Alert>(address("api/v1/alerts/test"), sent("POST", { name })),
  snapshot: (id: string) => of(id, "snapshot"),
  clip: (id: string) => of(id, "clip"),
};

function of(id: string, what: string): URL {
  return address(`api/v1/alerts/${encodeURIComponent(id)}/${what}`);
}
