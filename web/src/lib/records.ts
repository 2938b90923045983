/** A video's records: read as a stream, kept in few large blocks, given out one frame at a time. */
import type { FrameRecord, Header, Person } from "./api/client";

// Numbers of one person in one frame: an hour of video as objects would take gigabytes.
const MARKS = 5;
const WORLD = 3;
const BLOCK = 1024;
// Parsing pauses so often for the page.
const SLICE_MS = 12;
const NOBODY: readonly Person[] = [];

interface Block {
  landmarks: Float32Array;
  world: Float32Array;
}

export class Records {
  header: Header | null = null;
  /** When the frames are, in seconds of the source, ascending. */
  readonly times: number[] = [];
  /** Where each frame's people begin among all. */
  readonly #begins: number[] = [0];
  readonly #ids: number[] = [];
  readonly #scores: number[] = [];
  readonly #boxes: number[][] = [];
  readonly #flags = new Map<number, Person["flags"]>();
  readonly #blocks: Block[] = [];
  #usual = { of: 0, step: 0 };
  readonly #seen = new Map<number, number>();

  get count(): number {
    return this.times.length;
  }

  /** Everybody's number, by how many frames they are in, most first. */
  get everybody(): number[] {
    return [...this.#seen].sort((one, other) => other[1] - one[1]).map(([id]) => id);
  }

  get framesWithPeople(): number {
    let count = 0;
    for (let frame = 0; frame < this.count; frame += 1)
      if (this.#begins[frame] !== this.#begins[frame + 1]) count += 1;
    return count;
  }

  /** The usual time from one frame to the next: the middle one of the first hundred or so. */
  get interval(): number {
    const count = Math.min(this.count, 120);
    if (this.#usual.of !== count) this.#usual = { of: count, step: this.#middleStep() };
    return this.#usual.step;
  }

  #middleStep(): number {
    const steps = this.times.slice(1, 120).map((time, place) => time - (this.times[place] ?? 0));
    return steps.sort((one, other) => one - other)[steps.length >> 1] ?? 0;
  }

  add(line: string): void {
    if (!line.trim()) return;
    const found = JSON.parse(line) as Header | FrameRecord;
    if ("schema" in found) this.header ??= found;
    else this.take(found.time_s, found.people);
  }

  take(time: number, people: readonly Person[]): void {
    this.times.push(time);
    for (const person of people) this.#keep(person);
    this.#begins.push(this.#ids.length);
  }

  /** Return those from a moment on, by themselves: what came before can be forgotten then. */
  since(time: number): Records {
    const later = new Records();
    later.header = this.header;
    this.times.forEach((one, frame) => {
      if (one >= time) later.take(one, this.people(frame));
    });
    return later;
  }

  /** Return how many people are in a frame. */
  crowd(frame: number): number {
    return (this.#begins[frame + 1] ?? 0) - (this.#begins[frame] ?? 0);
  }

  /** Return the frame that is at a time, or nearest to it; -1 where there are none. */
  nearest(time: number): number {
    let [low, high] = [0, this.times.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    const before = this.times[low - 1];
    const here = this.times[low];
    if (here === undefined) return -1;
    return before !== undefined && time - before <= here - time ? low - 1 : low;
  }

  people(frame: number): readonly Person[] {
    const [begin, end] = [this.#begins[frame], this.#begins[frame + 1]];
    if (begin === undefined || end === undefined || begin === end) return NOBODY;
    return Array.from({ length: end - begin }, (_, place) => this.#person(begin + place));
  }

  /** Return where in the blocks a person of a frame is, -1 where not in it. */
  find(frame: number, id: number): number {
    const [begin, end] = [this.#begins[frame] ?? 0, this.#begins[frame + 1] ?? 0];
    for (let entry = begin; entry < end; entry += 1) if (this.#ids[entry] === id) return entry;
    return -1;
  }

  /** Return one number of a landmark: 0 to 4 are x, y, z, visibility, presence. */
  mark(entry: number, landmark: number, column: number): number {
    const block = this.#blocks[Math.floor(entry / BLOCK)];
    return block?.landmarks[((entry % BLOCK) * this.#size + landmark) * MARKS + column] ?? NaN;
  }

  world(entry: number, landmark: number, axis: number): number {
    const block = this.#blocks[Math.floor(entry / BLOCK)];
    return block?.world[((entry % BLOCK) * this.#size + landmark) * WORLD + axis] ?? NaN;
  }

  get #size(): number {
    return this.header?.landmark_names.length ?? 33;
  }

  #keep(person: Person): void {
    const entry = this.#ids.length;
    const size = this.#size;
    if (entry % BLOCK === 0)
      this.#blocks.push({
        landmarks: new Float32Array(BLOCK * size * MARKS),
        world: new Float32Array(BLOCK * size * WORLD),
      });
    const block = this.#blocks[Math.floor(entry / BLOCK)]!;
    const first = (entry % BLOCK) * size;
    for (let place = 0; place < size; place += 1) {
      block.landmarks.set(person.landmarks[place] ?? [], (first + place) * MARKS);
      block.world.set(person.world[place] ?? [], (first + place) * WORLD);
    }
    this.#ids.push(person.id);
    this.#scores.push(person.score);
    this.#boxes.push(person.box);
    if (Object.keys(person.flags).length) this.#flags.set(entry, person.flags);
    this.#seen.set(person.id, (this.#seen.get(person.id) ?? 0) + 1);
  }

  #person(entry: number): Person {
    const block = this.#blocks[Math.floor(entry / BLOCK)]!;
    const first = (entry % BLOCK) * this.#size;
    return {
      id: this.#ids[entry]!,
      score: this.#scores[entry]!,
      box: this.#boxes[entry]!,
      landmarks: rows(block.landmarks, first, this.#size, MARKS),
      world: rows(block.world, first, this.#size, WORLD),
      flags: this.#flags.get(entry) ?? {},
    };
  }
}

function rows(from: Float32Array, first: number, count: number, columns: number): number[][] {
  return Array.from({ length: count }, (_, place) => {
    const begin = (first + place) * columns;
    return Array.from(from.subarray(begin, begin + columns));
  });
}

/** Read JSON lines into `records`; `told` now and then, so that a long video is shown meanwhile. */
export async function read(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  records: Records,
  told: () => void,
): Promise<void> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let since = performance.now();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      records.add(line);
      if (performance.now() - since < SLICE_MS) continue;
      told();
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
  }
  records.add(rest);
  told();
}
