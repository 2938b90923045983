import { expect, test } from "vitest";
import { type Bitmap, parted, Pictures } from "./pictures";

function message(head: string, body: string, length = head.length): ArrayBuffer {
  const bytes = new Uint8Array(4 + head.length + body.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(new TextEncoder().encode(head + body), 4);
  return bytes.buffer;
}

test("a message is a length, what it is of, and the picture", async () => {
  const found = parted(message('{"stream":"door","frame":3,"time_s":0.1}', "jpeg"));
  expect(found?.stream).toBe("door");
  expect([await found?.jpeg.text(), found?.jpeg.type]).toEqual(["jpeg", "image/jpeg"]);
});

test("what is broken is none", () => {
  expect(parted(new ArrayBuffer(3))).toBeNull();
  expect(parted(message("{}", "", 99))).toBeNull();
  expect(parted(message("{nonsense", "jpeg"))).toBeNull();
});

interface Shown extends Bitmap {
  text: string;
}

function gallery() {
  const waiting: (() => void)[] = [];
  const painted: string[] = [];
  let closed = 0;
  const pictures = new Pictures<Shown>(async (jpeg) => {
    const text = await jpeg.text();
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (text === "bad") throw new Error("no picture");
    return { text, width: 1, height: 1, close: () => (closed += 1) };
  });
  const decoded = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    waiting.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { pictures, painted, decoded, waiting, closed: () => closed, paint: ({ text }: Shown) => painted.push(text) };
}

const jpeg = (text: string) => new Blob([text]);

test("of what comes while one is decoded the newest is shown", async () => {
  const { pictures, painted, decoded, closed, paint } = gallery();
  pictures.show("door", paint);
  for (const text of ["a", "b", "c"]) pictures.take("door", jpeg(text));
  await decoded();
  await decoded();
  expect([painted, closed()]).toEqual([["a", "c"], 2]);
});

test("nothing is decoded that nobody shows, and the last one is there for who comes later", async () => {
  const { pictures, painted, decoded, waiting, paint } = gallery();
  pictures.take("door", jpeg("a"));
  await decoded();
  expect(waiting).toEqual([]);
  const stop = pictures.show("door", paint);
  await decoded();
  expect(painted).toEqual(["a"]);
  stop();
  pictures.take("door", jpeg("b"));
  await decoded();
  expect(painted).toEqual(["a"]);
});

test("a picture that can't be decoded is passed over", async () => {
  const { pictures, painted, decoded, paint } = gallery();
  pictures.show("door", paint);
  pictures.take("door", jpeg("bad"));
  await decoded();
  pictures.take("door", jpeg("b"));
  await decoded();
  expect(painted).toEqual(["b"]);
});
