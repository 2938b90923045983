/** What the form of a stream holds, what is wrong with it, and what is sent. */
import type { Point, Stream, StreamBody, Zones } from "./types";

export interface Zone {
  name: string;
  points: Point[];
  /** Whether what was written last is no list of corners. */
  isUnread?: boolean;
}

/** Empty where nothing was chosen: the service's settings count then. */
export interface Form {
  url: string;
  name: string;
  fps: number | null;
  model: string;
  people: string;
  transport: string;
  record: boolean;
  zones: Zone[];
}

export type Flaw = "url" | "name" | "fps" | "zones";

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const MOST_FPS = 240;
const MOST_POINTS = 64;

export function formOf(settings: Record<string, unknown> = {}): Form {
  const text = (name: string) => (settings[name] === undefined ? "" : String(settings[name]));
  return {
    url: "", // what is told of it lacks the password
    name: text("name"),
    fps: typeof settings["max_fps"] === "number" ? settings["max_fps"] : null,
    model: text("model_complexity"),
    people: text("max_people"),
    transport: text("rtsp_transport"),
    record: settings["record"] === true,
    zones: Object.entries((settings["zones"] ?? {}) as Zones).map(([name, points]) => ({
      name,
      points: points.map(([x = 0, y = 0]): Point => [x, y]),
    })),
  };
}

/** Return the first thing that is wrong; the service looks at the rest. `isNew`: it needs an address. */
export function flawOf(form: Form, isNew: boolean): Flaw | null {
  if (isNew && !form.url.trim()) return "url";
  if (!NAME.test(form.name.trim())) return "name";
  if (form.fps !== null && !(form.fps > 0 && form.fps <= MOST_FPS)) return "fps";
  const names = form.zones.map((zone) => zone.name.trim());
  const areNamed = new Set(names).size === names.length && names.every((name) => NAME.test(name));
  return areNamed && form.zones.every((zone) => !zone.isUnread && isPolygon(zone.points)) ? null : "zones";
}

function isPolygon(points: readonly Point[]): boolean {
  return points.length >= 3 && points.length <= MOST_POINTS && points.flat().every((one) => one >= 0 && one <= 1);
}

/** Return what to send. `kept`: the settings that it has, of which the form shows some. */
export function bodyOf(form: Form, kept: Record<string, unknown> = {}): StreamBody {
  const chosen: Record<string, unknown> = {
    url: form.url.trim() || undefined,
    name: form.name.trim() || undefined,
    max_fps: form.fps ?? undefined,
    model_complexity: numberOf(form.model),
    max_people: numberOf(form.people),
    rtsp_transport: form.transport || undefined,
    record: form.record || ("record" in kept ? false : undefined),
    zones: form.zones.length
      ? Object.fromEntries(form.zones.map(({ name, points }) => [name.trim(), points]))
      : undefined,
  };
  return Object.fromEntries(Object.entries({ ...kept, ...chosen }).filter(([, value]) => value !== undefined));
}

function numberOf(text: string): number | undefined {
  return text === "" ? undefined : Number(text);
}

/** Return corners as people write them: 0.1 0.2, 0.4 0.2. */
export function written(points: readonly Point[]): string {
  return points.map((point) => point.map((one) => Number(one.toFixed(3))).join(" ")).join(", ");
}

/** Return the corners in a text, null where it holds something else. */
export function read(text: string): Point[] | null {
  const pairs = text.split(/[,;，；\n]/).map((pair) => pair.trim()).filter(Boolean);
  const points = pairs.map((pair) => pair.split(/\s+/).map(Number));
  const areFine = points.every((point) => point.length === 2 && point.every((one) => one >= 0 && one <= 1));
  return areFine ? (points as Point[]) : null;
}

/** What to write into the settings file: a stream, and an alert that it may raise. */
export const EXAMPLE = `[[streams]]
name = "door"
url = "rtsp://user:password@192.168.1.20/stream1"
max_fps = 10

[[alerts]]
name = "help"
rule = "hands_up"
`;

/** Return the shape of a stream's picture. */
export function shapeOf(stream: Pick<Stream, "width" | "height"> | undefined): number {
  return stream?.width && stream.height ? stream.width / stream.height : 16 / 9;
}
