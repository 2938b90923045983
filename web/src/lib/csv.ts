import type { Document } from "./api/client";

const HEAD =
  "source,frame,time_s,person,landmark,x,y,z,visibility,presence,world_x,world_y,world_z";

/** Return a document as the table that `posemill detect --out table.csv` writes. */
export function table(document: Document): string {
  const rows = [HEAD];
  for (const frame of document.frames)
    for (const person of frame.people)
      document.landmark_names.forEach((name, place) => {
        const marks = person.landmarks[place] ?? [];
        const world = person.world[place] ?? [];
        const first = [quoted(document.source), frame.frame, frame.time_s, person.id, name];
        rows.push([...first, ...marks, ...world].join(","));
      });
  return rows.join("\r\n") + "\r\n";
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
