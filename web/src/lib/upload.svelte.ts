import { DetailedError, Upload as Tus } from "tus-js-client";
import { address, Refusal, refusal } from "./api/client";
import { parameters, style } from "./drawing/style.svelte";
import { jobs } from "./jobs.svelte";
import { options, query } from "./options.svelte";
import { status } from "./status.svelte";
import { chosen } from "./texts/index.svelte";

export type Stage = "waiting" | "sending" | "paused" | "done" | "failed";

// Pieces of one request, so that what proxies hold up or cut off is little.
const PIECE = 16 * 1024 * 1024;
const WAITS_S = [1, 2, 3, 5];
const UNTIL_FREE_MS = [300, 1000, 2000, 4000, 8000];
// The service doesn't know it any more: it begins anew.
const UNKNOWN = new Set([403, 404, 410]);

let count = 0;

/** One file on its way. It goes on where it stopped after lost connections, and after a reload. */
export class Upload {
  readonly id = (count += 1);
  stage: Stage = $state("waiting");
  sent = $state(0);
  job = $state("");
  error: unknown = $state.raw(null);
  readonly #metadata: Record<string, string>;
  #tus: Tus | null = null;
  #url: string | null = null;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly file: File, private readonly over: (upload: Upload) => void) {
    // The annotated copy looks as the page does now; a mask would cost every frame one more model.
    const chosen = { ...query(options), ...parameters(style), mask: false };
    const texts = Object.entries(chosen).map(([name, value]) => [name, String(value)]);
    this.#metadata = { filename: file.name, ...Object.fromEntries(texts) };
  }

  get isActive(): boolean {
    return this.stage === "sending" || this.stage === "paused";
  }

  /** Begin, or go on. */
  async send(): Promise<void> {
    clearTimeout(this.#timer);
    this.stage = "sending";
    const tus = this.#made();
    this.#tus = tus;
    if (!this.#url) {
      // One that a reload cut off.
      this.#url = (await tus.findPreviousUploads())[0]?.uploadUrl ?? null;
      if (this.#url) return this.send();
    }
    if (this.#tus === tus && this.stage === "sending") tus.start();
  }

  /** Go on at once, if it waits to. */
  hurry(): void {
    if (this.stage === "paused") void this.send();
  }

  async cancel(): Promise<void> {
    clearTimeout(this.#timer);
    const tus = this.#tus;
    this.#tus = null;
    await tus?.abort(false);
    await this.#forget();
    // The service may take a moment to see that the connection is gone. What can't be told that it is
    // given up expires.
    if (tus?.url) await Tus.terminate(tus.url, { retryDelays: UNTIL_FREE_MS }).catch(() => undefined);
  }

  #made(): Tus {
    return new Tus(this.file, {
      // To an address that is known it goes on, and never begins anew by itself: it would also where
      // the service is only busy.
      ...(this.#url ? { uploadUrl: this.#url } : { endpoint: address("api/v1/uploads").href }),
      metadata: this.#metadata,
      headers: { "Accept-Language": chosen.language },
      chunkSize: PIECE,
      retryDelays: null,
      fingerprint: () => Promise.resolve(this.#fingerprint),
      onUploadUrlAvailable: () => (this.#url = this.#tus?.url ?? this.#url),
      onProgress: (sent, total) => {
        this.sent = total ? sent / total : 0;
        this.#tries = 0;
      },
      onSuccess: () => this.#done(),
      onError: (error) => this.#failed(error),
    });
  }

  get #fingerprint(): string {
    const { name, type, size, lastModified } = this.file;
    return ["posemill", address("api").pathname, name, type, size, lastModified, JSON.stringify(this.#metadata)].join("-");
  }

  #done(): void {
    this.job = new URL(this.#tus?.url ?? "", document.baseURI).pathname.split("/").at(-1) ?? "";
    this.stage = "done";
    void this.#forget(); // the same file again is another job
    this.over(this);
  }

  #failed(error: Error | DetailedError): void {
    if (!this.#tus) return; // cancelled
    const answer = error instanceof DetailedError ? error.originalResponse : null;
    const code = answer?.getStatus() ?? 0;
    if (this.#url && UNKNOWN.has(code)) {
      this.#url = null;
      void this.#forget().then(() => this.send());
      return;
    }
    const why = answer
      ? refusal(code, answer.getBody(), { get: (name) => answer.getHeader(name) ?? null })
      : new Refusal(null);
    if (why.isPassing || code === 409) this.#pause(why);
    else {
      this.error = why;
      this.stage = "failed";
      this.over(this);
    }
  }

  #pause(why: Refusal): void {
    this.error = why;
    this.stage = "paused";
    if (!why.problem) void status.look();
    const wait_s = why.retryAfterS ?? WAITS_S[Math.min(this.#tries, WAITS_S.length - 1)] ?? 1;
    this.#tries += 1;
    this.#timer = setTimeout(() => void this.send(), 1000 * wait_s);
  }

  async #forget(): Promise<void> {
    const tus = this.#made();
    for (const known of await tus.findPreviousUploads())
      await tus.options.urlStorage?.removeUpload(known.urlStorageKey);
  }
}

/** The uploads of this visit; they go on while other sections are shown. One is sent at a time. */
class Uploads {
  list: Upload[] = $state([]);
  /** The job of the upload that was over last, for whoever looks. */
  finished = $state("");

  constructor() {
    addEventListener("online", () => this.list.forEach((upload) => upload.hurry()));
  }

  add(files: readonly File[]): Upload[] {
    const added = files.map((file) => new Upload(file, (upload) => this.#over(upload)));
    this.list.push(...added);
    this.#work();
    return added;
  }

  remove(upload: Upload): void {
    void upload.cancel();
    this.#drop(upload);
    this.#work();
  }

  #over(upload: Upload): void {
    if (upload.stage === "done") {
      this.finished = this.list.length === 1 ? upload.job : "";
      void jobs.look().finally(() => this.#drop(upload));
    }
    this.#work();
  }

  #drop(upload: Upload): void {
    this.list = this.list.filter((one) => one.id !== upload.id);
  }

  #work(): void {
    if (this.list.some((upload) => upload.isActive)) return;
    void this.list.find((upload) => upload.stage === "waiting")?.send();
  }
}

export const uploads = new Uploads();
