/** What the service tells of streams and alerts. */
import type { FrameRecord, Header } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Stream = Schemas["Stream"];
export type State = Stream["state"];
export type Streams = Schemas["Streams"];
export type StreamTest = Schemas["StreamTest"];
export type Rule = Schemas["Rule"];
export type Alert = Schemas["Alert"];
export type Alerts = Schemas["Alerts"];

export type Point = [number, number];
/** Polygons by name, in 0..1 of the picture. */
export type Zones = Stream["zones"];
/** A stream as it is asked for; other settings of its own may stand beside these. */
export type StreamBody = Schemas["StreamBody"] & Record<string, unknown>;
/** A record of a stream tells when its frame was captured, in seconds since 1970. */
export type StreamRecord = FrameRecord & { at: number };

/** A text message of the connection over which streams are watched. */
export type Told =
  | { event: "status"; streams: Stream[] }
  | { event: "state"; stream: string; state: State; reason: string; since: number }
  | { event: "header"; stream: string; header: Header }
  | { event: "record"; stream: string; record: StreamRecord }
  | { event: "alert"; stream: string; alert: Alert }
  | { event: "removed"; stream: string };
