export type Theme = "auto" | "light" | "dark";

const STORED = "posemill.theme";

class Appearance {
  theme: Theme = $state((localStorage.getItem(STORED) as Theme | null) ?? "auto");

  choose(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(STORED, theme);
  }
}

export const appearance = new Appearance();
