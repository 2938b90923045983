/** One of two videos: chosen among the jobs, or on its way. */
import { Followed } from "../follow.svelte";
import { isFinal } from "../jobs";
import { Reading } from "../reading.svelte";
import { type Upload, uploads } from "../upload.svelte";

export class Side {
  id = $state("");
  upload: Upload | null = $state.raw(null);
  followed: Followed | null = $state.raw(null);
  reading: Reading | null = $state.raw(null);

  get job() {
    return this.followed?.job ?? null;
  }

  /** Whether it can be compared. */
  get isReady(): boolean {
    return this.job?.state === "succeeded" && this.job.results.includes("records");
  }

  get isWaiting(): boolean {
    return this.upload !== null || (this.job !== null && !isFinal(this.job));
  }

  choose(id: string): void {
    if (id === this.id && !this.upload) return;
    this.close();
    this.id = id;
    if (!id) return;
    this.followed = new Followed(id);
    void this.followed.look();
  }

  send(file: File): void {
    this.close();
    this.upload = uploads.add([file])[0] ?? null;
  }

  /** Go on with the job of an upload that has arrived. */
  arrived(): void {
    if (this.upload?.stage === "done" && this.upload.job) this.choose(this.upload.job);
  }

  /** Read what was found, once it can be. */
  read(): void {
    if (!this.isReady || this.reading) return;
    this.reading = new Reading(this.id);
    void this.reading.load();
  }

  close(): void {
    this.followed?.close();
    this.reading?.close();
    Object.assign(this, { id: "", upload: null, followed: null, reading: null });
  }
}
