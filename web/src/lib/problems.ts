import { Refusal } from "./api/client";
import { t } from "./texts/index.svelte";

export interface Said {
  title: string;
  text: string;
}

/** Return what to tell of anything that went wrong. */
export function said(error: unknown): Said {
  if (error instanceof Refusal) {
    if (!error.problem) return { title: t("problem.offline"), text: t("problem.offline.help") };
    const { title, detail, advice } = error.problem;
    return { title, text: [detail, advice].filter(Boolean).join(" ") };
  }
  return { title: t("problem.unknown"), text: error instanceof Error ? error.message : "" };
}
