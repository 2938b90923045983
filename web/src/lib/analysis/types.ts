/** What the service tells of analyses. */
import type { Document } from "../api/client";
import type { Column } from "../series";

export type Words = { en: string; zh: string };

export interface Exercise {
  name: string;
  names: Words;
  view: "any" | "front" | "side";
  sides: "both" | "each";
}

export interface Repetition {
  start_s: number;
  turn_s: number;
  end_s: number;
  out_s: number;
  hold_s: number;
  back_s: number;
  depth: number;
  side: "left" | "right" | "both";
  full: boolean;
}

/** The repetitions of one person. */
export interface PersonCount {
  id: number;
  exercise: string;
  count: number;
  partial: number;
  unfinished: number;
  between: [number, number];
  sides: Partial<Record<"left" | "right" | "both", number>>;
  period_s: number | null;
  view: string;
  doubts: string[];
  repetitions: Repetition[];
  time_s: number[];
  signal: Record<string, Column>;
}

export interface CountDocument {
  exercise: string;
  people: PersonCount[];
}

/** One angle over a video. */
export interface Angle {
  unit: string;
  min: number | null;
  max: number | null;
  range_of_motion: number | null;
  mean: number | null;
  max_speed: number | null;
  seen: number;
  uncertainty: number | null;
  doubts: string[];
  values: Column;
}

export interface PersonAngles {
  id: number;
  time_s: number[];
  angles: Record<string, Angle>;
  symmetry: Record<string, number>;
}

export interface AnglesDocument {
  people: PersonAngles[];
}

export interface JointDifference {
  name: string;
  difference_deg: number | null;
  similarity: number | null;
  worst_deg: number | null;
  /** Where: seconds of both. */
  worst_s: [number, number] | null;
  weight: number;
  seen: number;
}

/** The aligned pairs, in order. */
export interface Moments {
  a_s: number[];
  b_s: number[];
  difference_deg: Column;
  joints_deg: Record<string, Column>;
}

export interface Compared {
  similarity: number | null;
  similarity_range: [number, number] | null;
  posture: number | null;
  movement: number | null;
  difference_deg: number | null;
  uncertainty_deg: number;
  doubts: string[];
  mirrored: boolean;
  way: "whole" | "part";
  found_in: "a" | "b" | null;
  tempo: number;
  places: { start_s: number; end_s: number; similarity: number }[];
  joints: JointDifference[];
  moments: Moments;
}

/** Of two videos. */
export interface Comparison extends Compared {
  /** The numbers that the tracker gave each of both. */
  people?: [number[], number[]];
}

/** Of two pictures: with what was found in them. */
export interface PictureComparison extends Compared {
  a: Document;
  b: Document;
}

export interface Template {
  name: string;
  exercise?: string | null;
  clips?: number;
  repetitions?: number;
}

export interface ScoredJoint {
  name: string;
  score: number | null;
  difference_deg: number | null;
  worst_phase: string | null;
}

export interface ScoredRepetition {
  start_s: number;
  end_s: number;
  side: string;
  full: boolean;
  score: number | null;
  tempo: number;
  phases: Record<string, number | null>;
}

export interface Advice {
  rule: string;
  texts: Words;
  repetitions: number[];
  doubts: string[];
}

/** How well a movement was done, against a template; 0 to 100. */
export interface Score {
  template: string;
  total: number | null;
  total_range: [number, number] | null;
  doubts: string[];
  phases: Record<string, number | null>;
  joints: ScoredJoint[];
  repetitions: ScoredRepetition[];
  advice: Advice[];
}

export type Mirroring = "auto" | "true" | "false";
