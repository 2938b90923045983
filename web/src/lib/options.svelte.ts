import type { PictureOptions } from "./api/client";

export interface Options {
  model: 0 | 1 | 2;
  people: number;
  precision: "f32" | "auto" | "fast";
  fps: number;
}

const STORED = "posemill.options";
const DEFAULT: Options = { model: 1, people: 1, precision: "f32", fps: 15 };

function kept(): Partial<Options> {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "{}") as Partial<Options>;
  } catch {
    return {};
  }
}

/** What is looked for; kept for the next visit. */
export const options: Options = $state({ ...DEFAULT, ...kept() });

export function keepOptions(): void {
  localStorage.setItem(STORED, JSON.stringify(options));
}

/** Return the service's parameters for these options. */
export function query(options: Options): PictureOptions & Record<string, string | number | boolean> {
  return {
    model_complexity: options.model,
    max_people: options.people,
    precision: options.precision,
  };
}
