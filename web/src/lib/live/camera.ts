/** The machine's cameras: asked for, chosen, given back. */

export type CameraProblem = "refused" | "none" | "busy" | "insecure" | "lost";

export interface Camera {
  id: string;
  name: string;
}

const STORED = "posemill.camera";

const PROBLEMS: Record<string, CameraProblem> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** Thrown by `openCamera`: what was wrong, in a word. */
export class NoCamera extends Error {
  constructor(readonly problem: CameraProblem) {
    super(problem);
  }
}

/** Return what an error of getUserMedia means for a person. */
export function problemOf(error: unknown): CameraProblem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  return PROBLEMS[name] ?? "busy";
}

/** Whether browsers give cameras to this page at all: https, or this machine itself. */
export function mayUseCameras(): boolean {
  return window.isSecureContext && Boolean((navigator.mediaDevices as MediaDevices | undefined)?.getUserMedia);
}

/** Open the camera `id`, or the one of last time, or any. NoCamera. */
export async function openCamera(id = remembered()): Promise<MediaStream> {
  if (!mayUseCameras()) throw new NoCamera("insecure");
  try {
    return await opened(id);
  } catch (error) {
    // The one of last time may have been unplugged since.
    const isGone = error instanceof Error && error.name === "OverconstrainedError";
    if (!isGone || !id) throw new NoCamera(problemOf(error));
  }
  return opened("").catch((error: unknown) => {
    throw new NoCamera(problemOf(error));
  });
}

function opened(id: string): Promise<MediaStream> {
  const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  const which = id ? { deviceId: { exact: id } } : { facingMode: "user" };
  return navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
}

/** Tell which cameras there are, now and whenever that changes; return how to stop. */
export function watchCameras(tell: (found: Camera[]) => void): () => void {
  const look = () => void cameras().then(tell, () => undefined);
  look();
  navigator.mediaDevices.addEventListener("devicechange", look);
  return () => navigator.mediaDevices.removeEventListener("devicechange", look);
}

/** Return the cameras there are; their names are told once one of them was allowed. */
async function cameras(): Promise<Camera[]> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter((device) => device.kind === "videoinput" && device.deviceId)
    .map((device) => ({ id: device.deviceId, name: device.label }));
}

export function idOf(stream: MediaStream): string {
  return stream.getVideoTracks()[0]?.getSettings().deviceId ?? "";
}

export function remember(id: string): void {
  localStorage.setItem(STORED, id);
}

function remembered(): string {
  return localStorage.getItem(STORED) ?? "";
}

/** Give a camera back: its light goes off. */
export function release(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
