/** What the service tells of analyses; where its document says less than is so, that is added here. */
import type { components } from "../api/schema";

type Schemas = components["schemas"];
type Two = [number, number];

export type Exercise = Schemas["Exercises"]["exercises"][number];
export type Repetition = Schemas["Repetition"];
/** The repetitions of one person. */
export type PersonCount = Omit<Schemas["PersonCount"], "between"> & { between: Two };
export type CountDocument = Omit<Schemas["CountDocument"], "people"> & { people: PersonCount[] };

/** One angle over a video. */
export type Angle = Schemas["Angle"];
export type AnglesDocument = Schemas["AnglesDocument"];
export type PersonAngles = AnglesDocument["people"][number];

export type JointDifference = Omit<Schemas["JointDifference"], "worst_s"> & { worst_s: Two | null };
/** The aligned pairs, in order. */
export type Moments = Schemas["Moments"];

type Refined<Whole> = Omit<Whole, "similarity_range" | "people" | "found_in" | "places" | "joints"> & {
  similarity_range: Two | null;
  /** The numbers that the tracker gave each of both. */
  people: [number[], number[]];
  found_in: "a" | "b" | null;
  places: { start_s: number; end_s: number; similarity: number }[];
  joints: JointDifference[];
};
/** Of two videos. */
export type Comparison = Refined<Schemas["ComparisonDocument"]>;
/** Of two pictures: with what was found in them. */
export type PictureComparison = Refined<Schemas["PictureComparison"]>;
export type Compared = Comparison | PictureComparison;

export type Mirroring = "auto" | "true" | "false";

export type Template = Schemas["TemplateSummary"];
/** How well a movement was done, against a template; 0 to 100. */
export type Score = Omit<Schemas["ScoreDocument"], "total_range"> & { total_range: Two | null };
