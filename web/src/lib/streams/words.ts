/** Streams and alerts in words. */
import { moment, span, timeOfDay } from "../formats";
import { chosen, known, t } from "../texts/index.svelte";
import { factsOf, type Fact } from "./facts";
import type { Alert, Stream } from "./types";

/** Return how many frames a second are looked at, of how many there may be. */
export function rateOf({ fps, max_fps }: Stream): string {
  return t("stream.rate", { rate: fps.toFixed(1), limit: Number(max_fps.toFixed(2)) });
}

/** Return how old results are, which the page never shows as less than it is. */
export function ageOf(milliseconds: number | null): string {
  if (milliseconds === null) return "–";
  if (milliseconds < 1000) return t("live.latency.value", { value: Math.ceil(milliseconds) });
  return t("stream.seconds", { value: (Math.ceil(milliseconds / 100) / 10).toFixed(1) });
}

/** Return how it is, and since when. */
export function sinceOf(stream: Stream): string {
  const since = t("stream.since", { time: momentOf(stream.since) });
  return `${t(`stream.state.${stream.state}`)} · ${since}`;
}

export function crowdOf(people: number): string {
  return people === 1 ? t("stream.people.one") : t("stream.people.many", { count: people });
}

/** Return a moment: of today the time alone. */
export function momentOf(seconds: number): string {
  const isToday = new Date(seconds * 1000).toDateString() === new Date().toDateString();
  return isToday ? timeOfDay(seconds, chosen.language) : moment(seconds, chosen.language);
}

/** Return what a rule is called; rules of later versions by their own word. */
export function ruleOf(rule: string): string {
  return known(`alert.rule.${rule}`, rule);
}

/** Return what decided, in plain words. */
export function factsIn(alert: Alert): string {
  return factsOf(alert.rule, alert.facts).map(told).join(" · ");
}

function told({ name, values }: Fact): string {
  const said = Object.entries(values).map(([key, value]) => {
    if (typeof value === "number") return [key, value.toLocaleString(chosen.language, { maximumFractionDigits: value < 10 ? 1 : 0 })];
    if (key === "angle") return [key, angleOf(value)];
    return [key, known(`side.${value}`, value)];
  });
  return t(`alert.fact.${name}`, Object.fromEntries(said) as Record<string, string>);
}

/** Return what an angle is called, with its side: "Knee flexion (left)". */
function angleOf(name: string): string {
  const side = /^(left|right)_/.exec(name)?.[1];
  const base = side ? name.slice(side.length + 1) : name;
  const text = known(`named.${base}`, base.replaceAll("_", " "));
  return side ? `${text} (${known(`side.${side}`, side)})` : text;
}

/** Return all there is to say of an alert, but what and where it is. */
export function about(alert: Alert): string[] {
  const lasted = alert.ended === null ? 0 : Math.round(alert.ended - alert.began);
  return [
    momentOf(alert.began),
    lasted ? t("alert.lasted", { time: span(lasted < 60 ? lasted : 60 * Math.round(lasted / 60), chosen.language) }) : "",
    alert.occurrences > 1 ? t("alert.times", { count: alert.occurrences }) : "",
    alert.test ? t("alert.test") : "",
  ].filter(Boolean);
}
