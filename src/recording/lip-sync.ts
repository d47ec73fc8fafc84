import type { WallClockAnchor } from './wall-clock-anchor.ts';

/** So many of the latest reports are looked at: one that is off on its own has no say. */
const REPORTS = 3;
/** Beyond this the picture is brought back into step; reports of sound are inexact to some ms, µs. */
const NOTICEABLE_US = 15_000;
/** … until so little is left, µs. */
const IN_STEP_US = 2_000;
/** A step is made up for within about this time, s … */
const CATCH_UP_SECONDS = 10;
/** … by pictures whose duration is changed by at most this fraction … */
const MOST_BENT = 0.05;
/** … and by at least this fraction, which nobody notices. */
const LEAST_BENT = 0.005;
/**
 * Reports that contradict the arrival times by more than this are wrong about the tracks (bridged
 * sources had such), µs.
 */
const IMPLAUSIBLE_US = 1_000_000;

/**
 * Keeps the picture in step with the sound for as long as a publisher sends. The clocks of a camera
 * and of a sound card run apart by some seconds a day, and a sound card that was not served in time
 * loses samples without a trace in the RTP timestamps; only sender reports (RFC 3550 §6.4.1) tell.
 *
 * The picture gives way: its samples may be shown for a moment longer or shorter, while sound can
 * only be cut or padded. So the sound's place on the wall clock is never touched here.
 */
export class LipSync {
  readonly #video: WallClockAnchor;
  readonly #audio: WallClockAnchor;
  readonly #laggings: number[] = [];
  #isCorrecting = false;
  /** No more time is taken for the step than bent pictures allow. */
  #isHurrying = false;

  /** @param video, audio both locked to their places */
  constructor(video: WallClockAnchor, audio: WallClockAnchor) {
    this.#video = video;
    this.#audio = audio;
  }

  /** True while these are the anchors of the publisher's tracks. */
  isOf(video: WallClockAnchor | undefined, audio: WallClockAnchor | undefined): boolean {
    return this.#video === video && this.#audio === audio;
  }

  /** Looks at the tracks' places after a sender report of the sound has come in. */
  observe(): void {
    const sound = lead(this.#audio);
    const picture = lead(this.#video);
    if (sound === undefined || picture === undefined) return;
    const delays =
      this.#audio.clock.arrivalOffsetUs -
      this.#audio.clock.senderOffsetUs! -
      (this.#video.clock.arrivalOffsetUs - this.#video.clock.senderOffsetUs!);
    if (Math.abs(delays) > IMPLAUSIBLE_US) return;
    this.#laggings.push(sound - picture);
    if (this.#laggings.length > REPORTS) this.#laggings.shift();
  }

  /** Believes the latest reports at once, and is in step again as soon as may be. */
  hurry(): void {
    for (let i = 0; i < REPORTS; i++) this.observe();
    this.#isHurrying = true;
  }

  /**
   * Moves the picture a little towards the sound, if it is out of step.
   * @param elapsedUs since the call before
   */
  correct(elapsedUs: number): void {
    if (this.#laggings.length < REPORTS) return;
    const leftUs = this.#laggings.toSorted((a, b) => a - b)[REPORTS >> 1]!;
    const amountUs = Math.abs(leftUs);
    this.#isCorrecting = amountUs > (this.#isCorrecting ? IN_STEP_US : NOTICEABLE_US);
    if (!this.#isCorrecting) this.#isHurrying = false;
    if (!this.#isCorrecting) return;
    const slight = Math.min(MOST_BENT, Math.max(LEAST_BENT, amountUs / 1e6 / CATCH_UP_SECONDS));
    const bent = this.#isHurrying ? MOST_BENT : slight;
    const stepUs = Math.sign(leftUs) * Math.min(amountUs, bent * elapsedUs);
    this.#video.offsetUs! -= stepUs;
    for (let i = 0; i < REPORTS; i++) this.#laggings[i]! -= stepUs;
  }
}

/** How far the sender's clock is ahead of where the track lies on ours, µs. */
function lead({ clock, offsetUs }: WallClockAnchor): number | undefined {
  if (clock.senderOffsetUs === undefined || offsetUs === undefined) return undefined;
  return clock.senderOffsetUs - offsetUs;
}
