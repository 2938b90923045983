export type Look = "plain" | "limbs";

export interface Style {
  look: Look;
  skeleton: boolean;
  minVisibility: number;
  background: number;
  names: boolean;
  box: boolean;
  mask: boolean;
}

export const DEFAULT: Style = {
  look: "limbs",
  skeleton: true,
  minVisibility: 0.6,
  background: 1,
  names: false,
  box: false,
  mask: false,
};

const STORED = "posemill.style";

function kept(): Partial<Style> {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "{}") as Partial<Style>;
  } catch {
    return {};
  }
}

/** What photo, video and live are drawn like; kept for the next visit. */
export const style: Style = $state({ ...DEFAULT, ...kept() });

export function keep(): void {
  localStorage.setItem(STORED, JSON.stringify(style));
}

/** Return the service's own parameters for the same look. */
export function parameters(style: Style): Record<string, string | number | boolean> {
  return {
    style: style.look,
    min_visibility: style.minVisibility,
    background: style.background,
    names: style.names,
    box: style.box,
    mask: style.mask,
  };
}
