import { skeleton } from "./skeleton.svelte";
import { known } from "./texts/index.svelte";

/** Return what a landmark is called in the chosen language. */
export function landmarkName(landmark: number): string {
  const name = skeleton.value?.landmark_names[landmark] ?? String(landmark);
  return known(`landmark.${name}`, name.replaceAll("_", " "));
}
