import { expect, test } from "vitest";
import { renewed, taken, underWay } from "./alerts";
import type { Alert } from "./types";

function alert(id: string, began: number, more: Partial<Alert> = {}): Alert {
  return { id, began, stream: "door", ended: began + 1, acknowledged: null, test: false, ...more } as Alert;
}
const ids = (list: readonly Alert[]) => list.map((one) => one.id);

test("a new one comes first, a known one stays in its place", () => {
  const list = [alert("b", 2), alert("a", 1)];
  expect(ids(taken(list, alert("c", 3)))).toEqual(["c", "b", "a"]);
  const changed = taken(list, alert("a", 1, { acknowledged: 9 }));
  expect(ids(changed)).toEqual(["b", "a"]);
  expect(changed[1]?.acknowledged).toBe(9);
});

test("the newest replace what they tell of, and what was fetched beyond them stays", () => {
  const list = [alert("d", 4), alert("c", 3), alert("b", 2), alert("a", 1)];
  expect(ids(renewed(list, [alert("e", 5), alert("d", 4)], false))).toEqual(["e", "d", "c", "b", "a"]);
  expect(ids(renewed(list, [alert("e", 5), alert("b", 2)], false))).toEqual(["e", "b", "a"]);
  expect(ids(renewed(list, [], true))).toEqual([]);
});

test("what goes on now is known by stream; tests are not meant", () => {
  const found = underWay([
    alert("a", 1, { ended: null }),
    alert("b", 2),
    alert("c", 3, { ended: null, test: true }),
    alert("d", 4, { ended: null, stream: "hall" }),
    alert("e", 5, { ended: null }),
  ]);
  expect(ids(found.get("door") ?? [])).toEqual(["a", "e"]);
  expect(ids(found.get("hall") ?? [])).toEqual(["d"]);
});
