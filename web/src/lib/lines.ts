/** What the lines of the chart look like: the skeleton's colours, and dashes for joints that share one. */
import type { Skeleton } from "./api/client";
import type { Line } from "./chart";

const ARM = /elbow|shoulder|wrist/;
const DARKER = 0.7;

/** Return the colour of the limb that a joint is in; darker on light grounds, to be readable there. */
export function colourOf(joint: string, skeleton: Skeleton | null, isLight: boolean): string {
  const side = joint.startsWith("left") ? "left" : "right";
  const colour = skeleton?.colours[`${side}_${ARM.test(joint) ? "arm" : "leg"}`] ?? "#888888";
  return isLight ? darker(colour) : colour;
}

export function linesOf(joints: readonly string[], skeleton: Skeleton | null, isLight: boolean): Line[] {
  return joints.map((joint) => ({ colour: colourOf(joint, skeleton, isLight), dash: dashOf(joint) }));
}

/** Middle joints have a whole line, inner ones long dashes, outer ones dots. */
export function dashOf(joint: string): number[] {
  if (/shoulder|hip/.test(joint)) return [9, 4];
  return /wrist|ankle/.test(joint) ? [2.5, 3] : [];
}

export function darker(colour: string): string {
  const number = parseInt(colour.slice(1), 16);
  const parts = [number >> 16, (number >> 8) & 255, number & 255];
  return `#${parts.map((part) => Math.round(part * DARKER).toString(16).padStart(2, "0")).join("")}`;
}
