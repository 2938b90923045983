import type { en } from "./en";

export type Key = keyof typeof en;
export type Language = "en" | "zh";
type Texts = Readonly<Record<Key, string>>;

// Only those of the language that is shown are loaded.
const LOADED: Record<Language, () => Promise<Texts>> = {
  en: async () => (await import("./en")).en,
  zh: async () => (await import("./zh")).zh,
};
const STORED = "posemill.language";

function first(): Language {
  const kept = localStorage.getItem(STORED);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith("zh")) &&
    !navigator.languages[0]?.toLowerCase().startsWith("en")
    ? "zh"
    : "en";
}

class Chosen {
  language: Language = $state(first());
  texts: Texts = $state.raw({} as Texts);

  /** Load the texts of the language: before anything is shown. */
  async load(): Promise<void> {
    this.texts = await LOADED[this.language]();
  }

  /** Choose a language, for now and for the next visits. */
  async choose(language: Language): Promise<void> {
    const texts = await LOADED[language]();
    Object.assign(this, { texts, language });
    localStorage.setItem(STORED, language);
  }
}

export const chosen = new Chosen();

/** Return a sentence in the chosen language, with `{names}` filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return filled(chosen.texts[key], values);
}

/** Return `key`'s sentence where there is such a key, `otherwise` else. */
export function known(key: string, otherwise: string): string {
  return key in chosen.texts ? t(key as Key) : otherwise;
}

/** Return a name with its value, and items one after the other, with the language's own marks. */
export const named = (name: string, value: string | number): string => t("mark.of", { name, value });
export const listed = (items: readonly (string | number)[]): string => items.join(t("mark.and"));

export function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
