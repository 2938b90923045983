import { api, Refusal, type Job } from "./api/client";
import { isFinal, merged } from "./jobs";
import { status } from "./status.svelte";

const PAGE = 20;
const MOST = 100; // of one answer
const HURRY_S = 1.5;
const POLL_S = 5;

/** The jobs that are listed, newest first; kept current while the list is shown. */
class JobList {
  list: Job[] = $state.raw([]);
  total = $state(0);
  error: unknown = $state.raw(null);
  isKnown = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isShown = false;

  /** Keep it current, once it was looked at, until the returned function is called. */
  watch(): () => void {
    this.#isShown = true;
    const seen = () => {
      if (document.visibilityState === "visible") void this.look();
    };
    document.addEventListener("visibilitychange", seen);
    return () => {
      this.#isShown = false;
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }

  async look(): Promise<void> {
    const count = Math.min(MOST, Math.max(PAGE, this.list.length));
    await this.#ask(async () => {
      const page = await api.jobs(count);
      this.list = merged(this.list, page.jobs, page.total <= page.jobs.length);
      this.total = page.total;
      this.isKnown = true;
    });
    this.#plan();
  }

  async more(): Promise<void> {
    await this.#ask(async () => {
      const page = await api.jobs(PAGE, this.list.length);
      const known = new Set(this.list.map((job) => job.id));
      this.list = [...this.list, ...page.jobs.filter((job) => !known.has(job.id))];
      this.total = page.total;
    });
  }

  async remove(job: Job): Promise<void> {
    await removed(job.id);
    this.list = this.list.filter((one) => one.id !== job.id);
    this.total = Math.max(0, this.total - 1);
    void this.look();
  }

  async #ask(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.error = null;
    } catch (error) {
      this.error = error;
      if (error instanceof Refusal && !error.problem) void status.look();
    }
  }

  #plan(): void {
    clearTimeout(this.#timer);
    const isMoving = this.list.some((job) => !isFinal(job) && job.state !== "uploading");
    const isOpen = this.error !== null || this.list.some((job) => !isFinal(job));
    if (!this.#isShown || document.visibilityState !== "visible" || !(isMoving || isOpen)) return;
    this.#timer = setTimeout(() => void this.look(), 1000 * (isMoving ? HURRY_S : POLL_S));
  }
}

/** Delete a job; one that is gone already is as good. */
export async function removed(id: string): Promise<void> {
  try {
    await api.remove(id);
  } catch (error) {
    if (!(error instanceof Refusal && error.problem?.code === "job_not_found")) throw error;
  }
}

export const jobs = new JobList();
