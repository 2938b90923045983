/** Where the page is: behind the # of its address, so that it works under any path prefix. */
export type Section = "photo" | "video" | "live" | "streams" | "status";

const SECTIONS: readonly string[] = ["photo", "video", "live", "streams", "status"];

export interface Route {
  section: Section;
  id: string;
  /** What of it: `edit`. */
  part: string;
}

export function parsed(hash: string): Route {
  const [section = "", id = "", part = ""] = hash.replace(/^#\/?/, "").split("/");
  return {
    section: SECTIONS.includes(section) ? (section as Section) : "photo",
    id: decodeURIComponent(id),
    part,
  };
}

class Place {
  route: Route = $state(parsed(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.route = parsed(location.hash)));
  }

  go(section: Section, id = ""): void {
    location.hash = id ? `/${section}/${encodeURIComponent(id)}` : `/${section}`;
  }
}

export const place = new Place();
