import { en } from "./en";
import { zh } from "./zh";

export type Key = keyof typeof en;
export type Language = "en" | "zh";

const texts: Record<Language, Record<Key, string>> = { en, zh };
const STORED = "posemill.language";

function first(): Language {
  const kept = localStorage.getItem(STORED);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith("zh")) &&
    !navigator.languages[0]?.toLowerCase().startsWith("en")
    ? "zh"
    : "en";
}

class Texts {
  language: Language = $state(first());

  /** Choose a language, for now and for the next visits. */
  choose(language: Language): void {
    this.language = language;
    localStorage.setItem(STORED, language);
  }
}

export const chosen = new Texts();

/** Return a sentence in the chosen language, with `{names}` filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return filled(texts[chosen.language][key], values);
}

/** Return `key`'s sentence where there is such a key, `otherwise` else. */
export function known(key: string, otherwise: string): string {
  return key in en ? t(key as Key) : otherwise;
}

export function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
