import { api, Refusal } from "../api/client";
import { said, type Said } from "../problems";

/** A browser doesn't tell a page why a WebSocket was refused; the same guard stands before this. */
export async function refusalOf(): Promise<Said | null> {
  const error: unknown = await api.status().then(() => null, (error: unknown) => error);
  const isShut = error instanceof Refusal && [401, 403].includes(error.problem?.status ?? 0);
  return isShut ? said(error) : null;
}
