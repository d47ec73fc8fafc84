const BEEP_HERTZ = 1000;

/** How long flash and beep of the test picture last. */
export const FLASH_SECONDS = 0.1;

/** A tone that can be let through at given moments of the wall clock. */
export class Beep {
  readonly #context: AudioContext;
  readonly #gate: GainNode;
  readonly #destination: MediaStreamAudioDestinationNode;
  // Seconds that the wall clock is ahead of the audio clock; the audio clock moves in small jumps.
  // Not a number before the first observation.
  #aheadBy = Number.NaN;
  // Whole second of the wall clock whose beep was scheduled last.
  #scheduled = 0;

  /** Starts the clock of the sound. */
  static async start(): Promise<Beep> {
    const beep = new Beep();
    await beep.#context.resume();
    return beep;
  }

  private constructor() {
    this.#context = new AudioContext({ sampleRate: 48000 });
    this.#destination = new MediaStreamAudioDestinationNode(this.#context);
    this.#gate = new GainNode(this.#context, { gain: 0 });
    const tone = new OscillatorNode(this.#context, { frequency: BEEP_HERTZ });
    tone.connect(this.#gate).connect(this.#destination);
    tone.start();
  }

  /** The track that carries the tone. */
  get tracks(): MediaStreamTrack[] {
    return this.#destination.stream.getAudioTracks();
  }

  /** Learns how the two clocks stand. @param nowMs wall clock, ms since the Unix epoch */
  observe(nowMs: number): void {
    const aheadBy = nowMs / 1000 - this.#context.currentTime;
    const jumped = Math.abs(aheadBy - this.#aheadBy) > 0.1;
    if (Number.isNaN(this.#aheadBy) || jumped) this.#aheadBy = aheadBy;
    else this.#aheadBy += (aheadBy - this.#aheadBy) / 16;
  }

  /** Schedules the beeps up to a second that are not yet. @param last seconds since the Unix epoch */
  scheduleUntil(last: number): void {
    const now = this.#context.currentTime;
    const present = Math.floor(now + this.#aheadBy);
    for (let second = Math.max(this.#scheduled + 1, present); second <= last; second++) {
      const start = second - this.#aheadBy;
      this.#scheduled = second;
      if (start + FLASH_SECONDS <= now) continue;
      this.#gate.gain.setValueAtTime(0.5, Math.max(start, now));
      this.#gate.gain.setValueAtTime(0, start + FLASH_SECONDS);
    }
  }

  /** Ends the tone. */
  stop(): void {
    void this.#context.close();
  }
}
