/** Frames of the camera, kept until their record is there, and their JPEGs. */

export interface Shot {
  picture: HTMLCanvasElement;
  /** When it was taken, in milliseconds of performance.now(). */
  takenAt: number;
}

// The service's models look at 256 pixels of a person; more would only take longer on the way.
const SENT_SIDE_PX = 640;
const QUALITY = 0.8;

/** Canvases are used again: a new one for each frame would keep the garbage collector busy. */
export class Shots {
  #free: HTMLCanvasElement[] = [];
  readonly #small = document.createElement("canvas");

  take(video: HTMLVideoElement, takenAt: number): Shot | null {
    const { videoWidth: width, videoHeight: height } = video;
    const picture = this.#free.pop() ?? document.createElement("canvas");
    const pen = sized(picture, width, height)?.getContext("2d", { alpha: false });
    if (!pen) return null;
    pen.drawImage(video, 0, 0, width, height);
    return { picture, takenAt };
  }

  giveBack(shot: Shot | null): void {
    if (shot) this.#free.push(shot.picture);
  }

  /** Return a shot as what is sent; one at a time. */
  jpeg(shot: Shot): Promise<Blob | null> {
    const { width, height } = shot.picture;
    const [w, h] = within(width, height);
    const pen = sized(this.#small, w, h)?.getContext("2d", { alpha: false });
    pen?.drawImage(shot.picture, 0, 0, w, h);
    return new Promise((resolve) => this.#small.toBlob(resolve, "image/jpeg", QUALITY));
  }
}

/** Return the size at which a picture is sent. */
export function within(width: number, height: number, side = SENT_SIDE_PX): [number, number] {
  const scale = Math.min(1, side / Math.max(width, height, 1));
  return [Math.round(width * scale), Math.round(height * scale)];
}

function sized(canvas: HTMLCanvasElement, width: number, height: number): HTMLCanvasElement | null {
  if (!width || !height) return null;
  // Setting a size empties a canvas, and costs even where it is the same.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  return canvas;
}
