/** Records of a live session, kept in the browser until they are saved. */
import type { FrameRecord, Header } from "../api/client";
import { HEAD, lines, rows } from "../csv";

export const LONGEST_S = 30 * 60;

const CHUNK = 150; // frames, some ten seconds

/** Why a recording ended by itself. */
export type End = "full" | "changed";

/**
 * One recording: a header, and frames whose numbers and times count from its start, also where the
 * connection was lost meanwhile. Its text is kept in blobs, which browsers move to the disk: half an
 * hour of one person is some 100 MB.
 */
export class Recording {
  seconds = $state(0);
  isOn = $state(true);
  isSaved = $state(false);
  end: End | null = $state(null);
  frames = $state.raw(0);
  video: Blob | null = $state.raw(null);
  readonly startedAt = new Date();
  #header: Header | null = null;
  #began: number | null = null;
  #chunks: Blob[] = [];
  #open: string[] = [];
  #recorder: MediaRecorder | null = null;

  constructor(stream: MediaStream | null) {
    if (stream) this.#film(stream);
  }

  take(header: Header, record: FrameRecord, takenAt: number): void {
    if (!this.isOn) return;
    this.#header ??= header;
    this.#began ??= takenAt;
    const time_s = (takenAt - this.#began) / 1000;
    if (!isSame(header, this.#header)) this.#finish("changed");
    else if (time_s > LONGEST_S) this.#finish("full");
    else this.#keep({ ...record, frame: this.frames, time_s: Math.round(time_s * 1000) / 1000 });
  }

  stop(): void {
    this.isOn = false;
    if (this.#recorder?.state !== "inactive") this.#recorder?.stop();
  }

  get isEmpty(): boolean {
    return this.frames === 0;
  }

  /** Return the name that its files begin with: live-2026-01-31-173000. */
  get name(): string {
    const local = new Date(+this.startedAt - this.startedAt.getTimezoneOffset() * 60_000);
    return `live-${local.toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "")}`;
  }

  /** Return it as posemill/1 records: a header, then a line a frame. */
  records(): Blob {
    const first = `${JSON.stringify(this.#header)}\n`;
    return new Blob([first, ...this.#chunks, ...this.#open], { type: "application/jsonl" });
  }

  /** Return it as a table with a row a landmark. */
  async csv(): Promise<Blob> {
    const parts = [lines([HEAD])];
    const blobs: Blob[] = [];
    // A chunk at a time: the whole would be a hundred million numbers' objects.
    for (const chunk of [...this.#chunks, new Blob(this.#open)])
      blobs.push(new Blob([this.#rows(await chunk.text())]));
    return new Blob([...parts, ...blobs], { type: "text/csv" });
  }

  #rows(text: string): string {
    if (!this.#header) return "";
    const frames = text.split("\n").filter(Boolean);
    return lines(rows(this.#header, frames.map((line) => JSON.parse(line) as FrameRecord)));
  }

  #keep(record: FrameRecord): void {
    this.#open.push(`${JSON.stringify(record)}\n`);
    this.frames += 1;
    this.seconds = Math.floor(record.time_s);
    if (this.#open.length < CHUNK) return;
    this.#chunks.push(new Blob(this.#open));
    this.#open = [];
  }

  #finish(end: End): void {
    this.end = end;
    this.stop();
  }

  /** Have the browser film the camera as well. */
  #film(stream: MediaStream): void {
    const parts: Blob[] = [];
    const recorder = new MediaRecorder(stream, { mimeType: filmType() });
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => (this.video = new Blob(parts, { type: recorder.mimeType }));
    recorder.start(1000);
    this.#recorder = recorder;
  }
}

/** Return what kind of video this browser makes, "" for none. */
export function filmType(): string {
  if (typeof MediaRecorder === "undefined") return "";
  const types = ["video/webm;codecs=vp9", "video/webm", "video/mp4"];
  return types.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
}

/** Whether frames of both may be in one file. */
function isSame(one: Header, other: Header): boolean {
  const keys = ["width", "height", "model", "engine", "precision"] as const;
  return keys.every((key) => one[key] === other[key]);
}
