const PICTURES = new Set("jpg,jpeg,png,webp,avif,bmp,gif,tif,tiff".split(","));
const VIDEOS = new Set("mp4,mov,m4v,mkv,webm,avi,mpg,mpeg,ts,3gp,wmv,flv,ogv,zip".split(","));

export type Kind = "picture" | "video" | "other";

export function suffix(name: string): string {
  const place = name.lastIndexOf(".");
  return place < 0 ? "" : name.slice(place + 1).toLowerCase();
}

/** Return what a file seems to be; the service looks at what is in it. */
export function kindOf(file: { name: string; type: string }): Kind {
  const word = suffix(file.name);
  if (PICTURES.has(word)) return "picture";
  if (VIDEOS.has(word)) return "video";
  if (file.type.startsWith("image/") && !file.type.includes("svg")) return "picture";
  return file.type.startsWith("video/") || file.type === "application/zip" ? "video" : "other";
}

/** Have the browser save something under a name. */
export function save(content: Blob | URL, name: string): void {
  const link = document.createElement("a");
  link.download = name;
  link.href = content instanceof URL ? content.href : URL.createObjectURL(content);
  link.click();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function stem(name: string): string {
  const place = name.lastIndexOf(".");
  return place > 0 ? name.slice(0, place) : name;
}
