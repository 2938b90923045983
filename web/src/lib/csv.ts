import type { Document, FrameRecord, Header } from "./api/client";

export const HEAD =
  "source,frame,time_s,person,landmark,x,y,z,visibility,presence,world_x,world_y,world_z";

/** Return a document as the table that `posemill detect --out table.csv` writes. */
export function table(document: Document): string {
  return lines([HEAD, ...rows(document, document.frames)]);
}

/** Return the rows of some frames of a source, a landmark each. */
export function rows(
  header: Pick<Header, "source" | "landmark_names">,
  frames: readonly FrameRecord[],
): string[] {
  const source = quoted(header.source);
  return frames.flatMap((frame) =>
    frame.people.flatMap((person) =>
      header.landmark_names.map((name, place) => {
        const marks = person.landmarks[place] ?? [];
        const world = person.world[place] ?? [];
        return [source, frame.frame, frame.time_s, person.id, name, ...marks, ...world].join(",");
      }),
    ),
  );
}

/** Return lines as CSV has them (RFC 4180). */
export function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\r\n`).join("");
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
