import { expect, test } from "vitest";
import { bodyOf, flawOf, formOf, read, shapeOf, written, type Form } from "./form";

const filled = (more: Partial<Form> = {}): Form => ({ ...formOf(), url: " rtsp://host/a ", name: "door", ...more });
const triangle = [[0, 0], [1, 0], [1, 1]] as [number, number][];

test("what was not chosen is not sent", () => {
  expect(bodyOf(filled())).toEqual({ url: "rtsp://host/a", name: "door" });
});

test("all that was chosen is sent", () => {
  const form = filled({ fps: 7.5, model: "0", people: "0", transport: "udp", record: true, zones: [{ name: "mat", points: triangle }] });
  expect(bodyOf(form)).toEqual({
    url: "rtsp://host/a",
    name: "door",
    max_fps: 7.5,
    model_complexity: 0,
    max_people: 0,
    rtsp_transport: "udp",
    record: true,
    zones: { mat: triangle },
  });
});

test("settings that the form doesn't show stay; those that it empties go", () => {
  const kept = { name: "door", max_fps: 5, box: true, record: true, zones: { mat: triangle } };
  const form = formOf(kept);
  expect([form.url, form.fps, form.record, form.zones]).toEqual(["", 5, true, [{ name: "mat", points: triangle }]]);
  const emptied = { ...form, fps: null, record: false, zones: [] };
  expect(bodyOf(emptied, kept)).toEqual({ name: "door", box: true, record: false });
});

test.each([
  ["url", { url: " " }],
  ["name", { name: "Front door" }],
  ["name", { name: "-a" }],
  ["fps", { fps: 0 }],
  ["fps", { fps: 241 }],
  ["zones", { zones: [{ name: "", points: triangle }] }],
  ["zones", { zones: [{ name: "a", points: triangle.slice(1) }] }],
  ["zones", { zones: [{ name: "a", points: triangle }, { name: "a", points: triangle }] }],
  ["zones", { zones: [{ name: "a", points: triangle, isUnread: true }] }],
  [null, {}],
] as [string | null, Partial<Form>][])("%s is wrong in %o", (flaw, more) => {
  expect(flawOf(filled(more), true)).toBe(flaw);
});

test("who is watched already keeps the address", () => {
  expect(flawOf(filled({ url: "" }), false)).toBeNull();
});

test("corners are written and read", () => {
  expect(written([[0.1, 0.25], [1 / 3, 1]])).toBe("0.1 0.25, 0.333 1");
  expect(read("0.1 0.25, 0.333 1,")).toEqual([[0.1, 0.25], [0.333, 1]]);
  expect(read(" 0 0；1 0\n1 1，")).toEqual(triangle);
  expect(read("")).toEqual([]);
  for (const text of ["0.1", "0.1 0.2 0.3", "a b", "2 0", "0.1 -0.1"]) expect(read(text)).toBeNull();
});

test("a stream without a picture yet is taken for a wide one", () => {
  expect(shapeOf({ width: 640, height: 480 })).toBeCloseTo(4 / 3);
  expect(shapeOf({ width: null, height: null })).toBeCloseTo(16 / 9);
});
