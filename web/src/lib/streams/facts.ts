/** What decided that an alert was raised: the values that people can make something of. */
export interface Fact {
  name: "people" | "drop" | "down" | "lying" | "for" | "moved" | "speed" | "angle" | "to";
  values: Record<string, number | string>;
}

type Values = Readonly<Record<string, unknown>>;

/** Return the facts of a rule, those of the first person, and how many there are. */
export function factsOf(rule: string, facts: Values): Fact[] {
  const people = Array.isArray(facts["people"]) ? (facts["people"] as unknown[]) : [];
  const first = people.find((one): one is Values => typeof one === "object" && one !== null) ?? {};
  const many: Fact[] = people.length > 1 ? [{ name: "people", values: { count: people.length } }] : [];
  return [...many, ...(OF_RULES[rule]?.(first) ?? [])];
}

const OF_RULES: Readonly<Record<string, (values: Values) => Fact[]>> = {
  fall: (values) => [
    ...fact("drop", values, { metres: "drop_m", seconds: "took_s" }),
    ...fact("lying", values, { degrees: "inclination_deg" }),
    ...fact("down", values, { seconds: "down_s" }),
  ],
  lying: (values) => [...fact("lying", values, { degrees: "inclination_deg" }), ...lasting(values)],
  still: (values) => [...fact("moved", scaled(values, "moved_m", 100), { centimetres: "moved_m" }), ...lasting(values)],
  running: (values) => [...fact("speed", values, { metres: "speed_mps" }), ...lasting(values)],
  angle: (values) => fact("angle", values, { angle: "angle", degrees: "degrees" }),
  line: (values) => fact("to", values, { side: "to" }),
};

function lasting(values: Values): Fact[] {
  return fact("for", values, { seconds: "for_s" });
}

function scaled(values: Values, key: string, by: number): Values {
  const value = values[key];
  return typeof value === "number" ? { ...values, [key]: value * by } : values;
}

/** Return a fact whose values are all there, nothing else. */
function fact(name: Fact["name"], from: Values, keys: Readonly<Record<string, string>>): Fact[] {
  const values: Fact["values"] = {};
  for (const [key, place] of Object.entries(keys)) {
    const value = from[place];
    if (typeof value !== "number" && typeof value !== "string") return [];
    values[key] = value;
  }
  return [{ name, values }];
}
