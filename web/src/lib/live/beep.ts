/** A short tone, made on the spot. */
const LENGTH_S = 0.14;
const PITCH_HZ = 880;
const LOUDNESS = 0.25;

export class Beep {
  #context: AudioContext | null = null;

  /** Allow sound: to be called from a click, or browsers keep silent. */
  allow(): void {
    this.#context ??= new AudioContext();
    void this.#context.resume();
  }

  sound(): void {
    const context = this.#context;
    if (!context) return;
    const now = context.currentTime;
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.frequency.value = PITCH_HZ;
    // Without edges, which would click.
    volume.gain.setValueAtTime(0, now);
    volume.gain.linearRampToValueAtTime(LOUDNESS, now + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.001, now + LENGTH_S);
    tone.connect(volume).connect(context.destination);
    tone.start(now);
    tone.stop(now + LENGTH_S);
  }

  close(): void {
    void this.#context?.close();
    this.#context = null;
  }
}
