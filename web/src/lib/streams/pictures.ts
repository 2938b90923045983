/** The pictures of streams as they come: of each the newest, drawn for whoever shows it. */

/** Return which stream a message is a picture of, and the JPEG in it; null where it is neither. */
export function parted(message: ArrayBuffer): { stream: string; jpeg: Blob } | null {
  if (message.byteLength < 4) return null;
  const length = new DataView(message).getUint32(0);
  if (4 + length > message.byteLength) return null;
  try {
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as { stream: string };
    return { stream: head.stream, jpeg: new Blob([message.slice(4 + length)], { type: "image/jpeg" }) };
  } catch {
    return null;
  }
}

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

export type Paint<Shown> = (picture: Shown) => void;

/** `decode`: createImageBitmap, but for tests. */
export class Pictures<Shown extends Bitmap = ImageBitmap> {
  readonly #newest = new Map<string, Blob>();
  readonly #painters = new Map<string, Set<Paint<Shown>>>();
  readonly #busy = new Set<string>();

  constructor(private readonly decode: (jpeg: Blob) => Promise<Shown>) {}

  take(stream: string, jpeg: Blob): void {
    this.#newest.set(stream, jpeg);
    void this.#paint(stream);
  }

  has(stream: string): boolean {
    return this.#newest.has(stream);
  }

  /** Have `paint` called with each picture, from the last one on; return how to stop. */
  show(stream: string, paint: Paint<Shown>): () => void {
    const painters = this.#painters.get(stream) ?? new Set();
    this.#painters.set(stream, painters.add(paint));
    void this.#paint(stream);
    return () => painters.delete(paint);
  }

  forget(stream: string): void {
    this.#newest.delete(stream);
  }

  /** One at a time of each stream: what comes while one is decoded is passed over but for the newest. */
  async #paint(stream: string): Promise<void> {
    if (this.#busy.has(stream)) return;
    this.#busy.add(stream);
    let done: Blob | undefined;
    for (let next = this.#newest.get(stream); next && next !== done; next = this.#newest.get(stream)) {
      done = next;
      const painters = [...(this.#painters.get(stream) ?? [])];
      if (!painters.length) break;
      const picture = await this.decode(next).catch(() => null);
      if (!picture) continue;
      for (const paint of this.#painters.get(stream) ?? []) paint(picture);
      picture.close();
    }
    this.#busy.delete(stream);
  }
}
