/** Lists of alerts, the newest first. */
import type { Alert } from "./types";

const newestFirst = (one: Alert, other: Alert): number =>
  other.began - one.began || other.id.localeCompare(one.id);

/** Return the list with what is told of one of its alerts, or with a new one. */
export function taken(list: readonly Alert[], alert: Alert): Alert[] {
  return [...list.filter((one) => one.id !== alert.id), alert].sort(newestFirst);
}

/** Return the list with the newest as the service has them; what is older than these stays. */
export function renewed(list: readonly Alert[], newest: readonly Alert[], isWhole: boolean): Alert[] {
  if (isWhole) return [...newest];
  const told = new Set(newest.map((alert) => alert.id));
  const oldest = newest.at(-1)?.began ?? Infinity;
  return [...newest, ...list.filter((alert) => !told.has(alert.id) && alert.began <= oldest)];
}

/** Return the alerts that go on now, by stream. */
export function underWay(list: readonly Alert[]): ReadonlyMap<string, Alert[]> {
  const found = new Map<string, Alert[]>();
  for (const alert of list) {
    if (alert.ended !== null || alert.test) continue;
    found.set(alert.stream, [...(found.get(alert.stream) ?? []), alert]);
  }
  return found;
}
