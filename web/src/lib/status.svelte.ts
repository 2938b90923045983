import { api, Refusal, type Status } from "./api/client";

const POLL_S = 5;
const HURRY_S = 2;

/** How the service is, asked now and then while the page is shown. */
class Watched {
  value: Status | null = $state(null);
  isGone = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void this.look();
    });
  }

  async look(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.value = await api.status();
      this.isGone = false;
    } catch (error) {
      this.isGone = error instanceof Refusal && error.problem === null;
    }
    if (document.visibilityState === "visible")
      this.#timer = setTimeout(() => void this.look(), 1000 * (this.isGone ? HURRY_S : POLL_S));
  }

  /** Return a limit of the service; `otherwise` while it is not known. */
  limit(name: string, otherwise: number): number {
    const found: unknown = this.value?.limits[name];
    return typeof found === "number" ? found : otherwise;
  }

  get hasStreams(): boolean {
    return Object.keys(this.value?.streams ?? {}).length > 0;
  }

  get extensions(): string[] {
    const found: unknown = this.value?.limits["upload_extensions"];
    return typeof found === "string" ? found.split(",") : [];
  }
}

export const status = new Watched();
