import { api, Refusal, type Document } from "./api/client";
import { options, query } from "./options.svelte";

export type Stage = "waiting" | "sending" | "working" | "busy" | "done" | "failed";

const AT_ONCE = 2;
const MOST_TRIES = 6;

let count = 0;

/** One photo: what was chosen, how far it is, what came of it. */
export class Photo {
  readonly id = (count += 1);
  stage: Stage = $state("waiting");
  sent = $state(0);
  retryInS = $state(0);
  document: Document | null = $state.raw(null);
  image: ImageBitmap | HTMLImageElement | null = $state.raw(null);
  masks: ImageBitmap[] = $state.raw([]);
  error: unknown = $state.raw(null);
  tries = 0;
  withMask = false;
  readonly url: string;
  #stop = new AbortController();

  constructor(readonly file: File) {
    this.url = URL.createObjectURL(file);
  }

  get isOver(): boolean {
    return this.stage === "done" || this.stage === "failed";
  }

  get size(): { width: number; height: number } {
    const known = this.document ?? this.image;
    return { width: known?.width || 4, height: known?.height || 3 };
  }

  async look(withMask: boolean): Promise<void> {
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    Object.assign(this, { stage: "sending", sent: 0, error: null, withMask });
    void this.show();
    try {
      const asked = { ...query(options), ...(withMask ? { enable_segmentation: true } : {}) };
      const told = (share: number) => {
        this.sent = share;
        if (share === 1) this.stage = "working";
      };
      const found = await api.detect(this.file, asked, told, stop.signal);
      this.masks = await masksOf(found);
      this.document = found;
      this.stage = "done";
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      await this.#failed(error, withMask, stop.signal);
    }
  }

  /** Decode the picture for the page, as browsers do; those they can't come back from the service. */
  async show(): Promise<void> {
    if (this.image) return;
    try {
      this.image = await createImageBitmap(this.file, { imageOrientation: "from-image" });
    } catch {
      const plain = { background: 1, min_visibility: 1, max_people: 1 };
      const drawn = await api.drawn(this.file, "image/jpeg", plain).catch(() => null);
      if (drawn) this.image = await createImageBitmap(drawn).catch(() => null);
    }
  }

  close(): void {
    this.#stop.abort();
    URL.revokeObjectURL(this.url);
  }

  async #failed(error: unknown, withMask: boolean, signal: AbortSignal): Promise<void> {
    const isPassing = error instanceof Refusal && error.isPassing;
    this.tries += 1;
    if (!isPassing || this.tries >= MOST_TRIES) {
      Object.assign(this, { error, stage: "failed" });
      return;
    }
    this.stage = "busy";
    this.error = error;
    for (let left = Math.max(1, error.retryAfterS ?? 2); left > 0; left -= 1) {
      this.retryInS = left;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      if (signal.aborted) return;
    }
    await this.look(withMask);
  }
}

async function masksOf(document: Document): Promise<ImageBitmap[]> {
  const people = document.frames[0]?.people ?? [];
  const found = people.map((person) => (person.mask ? tinted(person.mask) : null));
  return (await Promise.all(found)).filter((mask) => mask !== null);
}

/** Return a grey mask as a colour that is as opaque as the mask is light. */
async function tinted(base64: string): Promise<ImageBitmap> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const grey = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(grey.width, grey.height);
  const pen = canvas.getContext("2d");
  if (!pen) return grey;
  pen.drawImage(grey, 0, 0);
  const picture = pen.getImageData(0, 0, grey.width, grey.height);
  for (let place = 0; place < picture.data.length; place += 4) {
    picture.data[place + 3] = (picture.data[place] ?? 0) * 0.55;
    picture.data.set([0x35, 0xb8, 0xff], place);
  }
  pen.putImageData(picture, 0, 0);
  return canvas.transferToImageBitmap();
}

/** The photos of this visit; they stay while other sections are shown. */
class Photos {
  list: Photo[] = $state([]);
  chosen: Photo | null = $state(null);

  add(files: readonly File[]): void {
    const added = files.map((file) => new Photo(file));
    this.list.push(...added);
    this.chosen = this.list.at(-added.length) ?? this.chosen;
    this.#work();
  }

  /** Look again, with other options: now at the one that is shown, at the others when they are. */
  again(withMask: boolean): void {
    for (const photo of this.list) {
      photo.tries = 0;
      if (photo !== this.chosen) photo.stage = "waiting";
    }
    if (this.chosen) void this.chosen.look(withMask).then(() => this.#work());
  }

  remove(photo: Photo): void {
    photo.close();
    const place = this.list.indexOf(photo);
    this.list.splice(place, 1);
    if (this.chosen === photo) this.chosen = this.list[Math.min(place, this.list.length - 1)] ?? null;
  }

  #work(): void {
    const busy = this.list.filter((photo) => !photo.isOver && photo.stage !== "waiting").length;
    for (const photo of this.list.filter((one) => one.stage === "waiting").slice(0, AT_ONCE - busy))
      void photo.look(photo.withMask).then(() => this.#work());
  }
}

export const photos = new Photos();
