/** Analyses in words. */
import { known, t } from "../texts/index.svelte";

/** Return what a named angle is called, without its side. */
export function angleName(base: string): string {
  return known(`named.${base}`, base.replaceAll("_", " "));
}

/** Return what a joint or limb is called that is compared or scored. */
export function partName(name: string): string {
  return known(`part.${name}`, name.replaceAll("_", " "));
}

const MEANINGS = [[90, "same"], [70, "alike"], [40, "partly"]] as const;

/** Return what a similarity, 0 to 100, means. */
export function meaningOf(similarity: number): string {
  const meaning = MEANINGS.find(([least]) => similarity >= least)?.[1] ?? "other";
  return t(`compare.meaning.${meaning}`);
}

export function degrees(value: number | null): string {
  return value === null ? "–" : `${Math.round(value)}°`;
}
