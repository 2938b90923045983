/** Where the page is: behind the # of its address, so that it works under any path prefix. */
export type Section = "photo" | "video" | "live" | "status";

const SECTIONS: readonly string[] = ["photo", "video", "live", "status"];

export interface Route {
  section: Section;
  id: string;
}

export function parsed(hash: string): Route {
  const [section = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
  return {
    section: SECTIONS.includes(section) ? (section as Section) : "photo",
    id: decodeURIComponent(id),
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
