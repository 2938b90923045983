import { api, type Skeleton } from "./api/client";

/** The skeleton as the service knows it: the one source of names, bones and colours. */
class Known {
  value: Skeleton | null = $state(null);

  /** Fetch it once; again where that failed. */
  async load(): Promise<Skeleton> {
    this.value ??= await api.skeleton();
    return this.value;
  }
}

export const skeleton = new Known();
