import { analysis } from "../api/analysis";
import { chosen, t } from "../texts/index.svelte";
import type { Exercise } from "./types";

export const AUTO = "auto";

/** The exercises that the service knows; fetched once, again where that failed. */
class Exercises {
  list: Exercise[] = $state.raw([]);
  #asked: Promise<void> | null = null;

  /** In the chosen language, and in its order. */
  get sorted(): { name: string; text: string }[] {
    const { language } = chosen;
    return this.list
      .map(({ name, names }) => ({ name, text: names[language] ?? name }))
      .sort((one, other) => one.text.localeCompare(other.text, language));
  }

  load(): Promise<void> {
    this.#asked ??= analysis.exercises().then(
      (found) => void (this.list = found),
      () => void (this.#asked = null),
    );
    return this.#asked;
  }

  /** Return what one is called. */
  called(name: string): string {
    if (name === AUTO) return t("count.auto");
    return this.list.find((one) => one.name === name)?.names[chosen.language] ?? name;
  }
}

export const exercises = new Exercises();
