/** Where the page is: behind the # of its address, so that it works under any path prefix. */
export type Section = "photo" | "video" | "compare" | "live" | "streams" | "status";

const SECTIONS: readonly string[] = ["photo", "video", "compare", "live", "streams", "status"];

export interface Route {
  section: Section;
  id: string;
  /** What of it: `edit`, `count`; the other one, of two. */
  part: string;
}

export function parsed(hash: string): Route {
  const [section = "", id = "", part = ""] = hash.replace(/^#\/?/, "").split("/");
  return {
    section: SECTIONS.includes(section) ? (section as Section) : "photo",
    id: decoded(id),
    part: decoded(part),
  };
}

/** An address that was cut off, as within `%E4`, is no reason to show nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function written(...parts: string[]): string {
  return parts.filter(Boolean).map((part) => `/${encodeURIComponent(part)}`).join("");
}

class Place {
  route: Route = $state(parsed(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.route = parsed(location.hash)));
  }

  go(section: Section, id = "", part = ""): void {
    location.hash = written(section, id, part);
  }

  /** Have the address say what is shown, without going anywhere. */
  note(section: Section, id: string, part: string): void {
    history.replaceState(history.state, "", `#${written(section, id, part)}`);
  }
}

export const place = new Place();
