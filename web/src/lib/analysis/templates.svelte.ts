import { analysis } from "../api/analysis";
import { Refusal } from "../api/client";
import type { Template } from "./types";

/** The templates that the service keeps, by name. */
class Templates {
  list: Template[] = $state.raw([]);
  isKnown = $state(false);
  error: unknown = $state.raw(null);

  async look(): Promise<void> {
    try {
      this.list = (await analysis.templates()).sort((one, other) => one.name.localeCompare(other.name));
      this.isKnown = true;
      this.error = null;
    } catch (error) {
      this.error = error;
    }
  }

  /** Make one; what the service refuses is thrown. */
  async make(name: string, jobs: readonly string[], exercise: string): Promise<void> {
    await analysis.makeTemplate(name, jobs, exercise);
    await this.look();
  }

  /** Delete one; that it is gone already is as good. */
  async remove(name: string): Promise<void> {
    try {
      await analysis.removeTemplate(name);
    } catch (error) {
      if (!(error instanceof Refusal && error.problem?.status === 404)) throw error;
    }
    await this.look();
  }
}

export const templates = new Templates();
