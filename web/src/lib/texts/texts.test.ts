import { expect, test } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

const keys = Object.keys(en) as (keyof typeof en)[];
const names = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test("both languages have the same keys", () => {
  expect(Object.keys(zh).sort()).toEqual([...keys].sort());
});

test.each(keys)("%s is said with the same values in both", (key) => {
  expect(en[key].trim()).not.toBe("");
  expect(zh[key].trim()).not.toBe("");
  expect(names(zh[key])).toEqual(names(en[key]));
});

test("Chinese is Chinese", () => {
  const same = keys.filter((key) => zh[key] === en[key]);
  expect(same).toEqual(["nav.api"]);
});

// What is put together from a word and a value: `job.state.${job.state}`.
const PARTLY = /`([\w.]+)\.\$\{/g;

test("nothing is said that nobody shows", () => {
  const files = import.meta.glob("../../**/*.{ts,svelte}", {
    eager: true,
    query: "?raw",
    import: "default",
  }) as Record<string, string>;
  const code = Object.entries(files)
    .filter(([name]) => !/\/(en|zh)\.ts$|\.test\.ts$/.test(name))
    .map(([, text]) => text)
    .join("\n");
  const begun = [...code.matchAll(PARTLY)].map((found) => `${found[1]}.`);
  const shown = (key: string) =>
    code.includes(`"${key}"`) || begun.some((begin) => key.startsWith(begin));
  expect(keys.filter((key) => !shown(key))).toEqual([]);
});
