/** Return a size for people: 1.2 MiB. */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let place = 0;
  while (value >= 1024 && place < units.length - 1) {
    value /= 1024;
    place += 1;
  }
  const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)}\u00a0${units[place]}`; // never apart
}

/** Return seconds as a clock shows them: 1:05, or 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Return seconds with their hundredths: 1:05.25. */
export function precise(seconds: number): string {
  return `${clock(seconds)}.${String(Math.floor((Math.max(seconds, 0) % 1) * 100 + 1e-6)).padStart(2, "0")}`;
}

/** Return a long time in its largest fitting unit, in a language: 7 days. */
export function span(seconds: number, language: string): string {
  const units: [Intl.RelativeTimeFormatUnit & string, number][] = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, length] = units.find(([, length]) => seconds >= length) ?? ["second", 1];
  const options = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, options).format(seconds / length);
}

/** Return a moment, seconds since 1970, in a language. */
export function moment(seconds: number, language: string): string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat(language, options).format(seconds * 1000);
}

/** Return the time of day of a moment, in a language. */
export function timeOfDay(seconds: number, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(seconds * 1000);
}

export function percent(share: number): number {
  return Math.round(100 * share);
}
