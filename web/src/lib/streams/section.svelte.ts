/** All that the section knows: the streams, their pictures and alerts, kept current while it is shown. */
import { Refusal } from "../api/client";
import { streams } from "../api/streams";
import { refusalOf } from "../live/refusal";
import { t } from "../texts/index.svelte";
import { underWay } from "./alerts";
import { AlertList } from "./alerts.svelte";
import { Pictures } from "./pictures";
import { Recent } from "./recent.svelte";
import type { Alert, Rule, Stream, Told } from "./types";
import { unread } from "./unread.svelte";
import { Watch } from "./watch.svelte";

const ALERTS_MS = 10_000;
const AGAIN_MS = 3000;
// The service tells of all streams once a second: of a change that was made here a moment later.
const SETTLES_MS = 3000;

export class Section {
  list: Stream[] = $state.raw([]);
  isKnown = $state(false);
  mayChange = $state(false);
  rules: Rule[] = $state.raw([]);
  error: unknown = $state.raw(null);
  /** What happened last, for who can't see it. */
  news = $state("");
  readonly alerts = new AlertList();
  readonly pictures = new Pictures((jpeg) => createImageBitmap(jpeg));
  readonly watch = new Watch({
    connect: () => new WebSocket(streams.watch()),
    refusal: refusalOf,
    // The service may have begun anew, with other settings.
    opened: () => void this.look(),
    told: (told) => this.#hear(told),
    picture: (stream, jpeg) => this.pictures.take(stream, jpeg),
  });
  /** The alerts that go on now, by stream. */
  readonly underWay = $derived(underWay(this.alerts.list));

  #followed: { name: string; recent: Recent; alerts: AlertList } | null = null;
  readonly #changed = new Map<string, { stream: Stream | null; at: number }>();
  #timers: ReturnType<typeof setTimeout>[] = [];

  open(): void {
    void this.look();
    void this.alerts.look();
    this.watch.hide(document.hidden);
    this.watch.line.open();
    this.#timers.push(setInterval(() => this.#again(), ALERTS_MS));
  }

  close(): void {
    this.#timers.forEach(clearTimeout);
    this.watch.close();
  }

  /** Ask which streams there are, and whether they may be changed. */
  async look(): Promise<void> {
    try {
      const found = await streams.list();
      this.#streams(found.streams);
      Object.assign(this, { mayChange: found.may_change, rules: found.alerts, isKnown: true, error: null });
    } catch (error) {
      const isGone = error instanceof Refusal && !error.problem;
      this.error = isGone ? null : error; // that it is gone is said by the connection, which asks again
      if (!isGone) this.#timers.push(setTimeout(() => void this.look(), AGAIN_MS));
    }
  }

  one(name: string): Stream | undefined {
    return this.list.find((stream) => stream.name === name);
  }

  /** Show one that was added or changed, before the service tells of it by itself. */
  put(stream: Stream): void {
    this.#changed.set(stream.name, { stream, at: Date.now() });
    this.#streams(this.list);
  }

  async remove(name: string): Promise<void> {
    await streams.remove(name);
    this.#changed.set(name, { stream: null, at: Date.now() });
    this.#forget(name);
  }

  /** Keep the last minutes of one stream, and its alerts; return how to stop. */
  follow(name: string): { recent: Recent; alerts: AlertList; stop: () => void } {
    const followed = { name, recent: new Recent(), alerts: new AlertList(name) };
    this.#followed = followed;
    void followed.alerts.look();
    const stop = () => {
      if (this.#followed === followed) this.#followed = null;
    };
    return { ...followed, stop };
  }

  #again(): void {
    if (document.hidden) return;
    void this.alerts.look();
    void this.#followed?.alerts.look();
  }

  #hear(told: Told): void {
    if (told.event === "status") this.#streams(told.streams);
    else if (told.event === "record") this.#record(told.stream, told.record);
    else if (told.event === "alert") this.#alert(told.alert);
    else if (told.event === "removed") this.#forget(told.stream);
  }

  #streams(list: Stream[]): void {
    for (const stream of list) {
      const before = this.one(stream.name);
      if (before && before.state !== stream.state)
        this.news = `${stream.name}: ${t(`stream.state.${stream.state}`)}`;
      if (stream.name === this.#followed?.name) this.#followed.recent.status(stream, Date.now() / 1000);
    }
    this.list = this.#settled(list);
  }

  #settled(list: readonly Stream[]): Stream[] {
    const settled = new Map(list.map((stream) => [stream.name, stream]));
    for (const [name, { stream, at }] of this.#changed) {
      if (Date.now() - at > SETTLES_MS) this.#changed.delete(name);
      else if (!stream) settled.delete(name);
      else if (!settled.has(name)) settled.set(name, stream);
    }
    return [...settled.values()];
  }

  #record(name: string, record: Extract<Told, { event: "record" }>["record"]): void {
    if (name === this.#followed?.name) this.#followed.recent.take(record);
  }

  #alert(alert: Alert): void {
    const isNew = !this.alerts.list.some((one) => one.id === alert.id);
    this.alerts.take(alert);
    this.#followed?.alerts.take(alert);
    if (!isNew) return;
    this.news = t("alert.news", { name: alert.name, stream: alert.stream });
    void unread.look();
  }

  #forget(name: string): void {
    this.list = this.list.filter((stream) => stream.name !== name);
    this.pictures.forget(name);
  }
}
