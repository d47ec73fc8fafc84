import type { WallClockAnchor } from './wall-clock-anchor.ts';

/** Number of latest reports that are evaluated, so that a single outlier has no effect. */
const REPORTS = 3;
/**
 * The picture is corrected from this difference on; the audio reports have an error of some ms, µs.
 */
const NOTICEABLE_US = 15_000;
/** Once begun, the correction continues down to this difference, µs. */
const IN_STEP_US = 2_000;
/** A difference is corrected within about this time, s. */
const CATCH_UP_SECONDS = 10;
/** Maximum relative change of a picture's duration. */
const MOST_BENT = 0.05;
/** Minimum relative change, which is not noticeable. */
const LEAST_BENT = 0.005;
/**
 * Reports that contradict the arrival times by more than this are wrong (bridged sources had such),
 * µs.
 */
const IMPLAUSIBLE_US = 1_000_000;

/**
 * Keeps the picture in step with the sound while a publisher sends. The clocks of a camera and of a
 * sound card differ by some seconds a day, and a sound card that is not served in time loses
 * samples without a trace in the RTP timestamps; only sender reports (RFC 3550 §6.4.1) show that.
 *
 * The picture is adjusted: its samples can be shown for slightly longer or shorter, while sound
 * could only be cut or padded. So the sound's place on the wall clock never changes here.
 */
export class LipSync {
  readonly #video: WallClockAnchor;
  readonly #audio: WallClockAnchor;
  readonly #laggings: number[] = [];
  #isCorrecting = false;
  /** True for a fast correction, limited only by {@link MOST_BENT}. */
  #isHurrying = false;

  /** @param video, audio both locked */
  constructor(video: WallClockAnchor, audio: WallClockAnchor) {
    this.#video = video;
    this.#audio = audio;
  }

  /** True while these are the anchors of the publisher's tracks. */
  isOf(video: WallClockAnchor | undefined, audio: WallClockAnchor | undefined): boolean {
    return this.#video === video && this.#audio === audio;
  }

  /** Evaluates the tracks' places after a sender report of the audio. */
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

  /** Trusts the latest reports at once and corrects as fast as possible. */
  hurry(): void {
    for (let i = 0; i < REPORTS; i++) this.observe();
    this.#isHurrying = true;
  }

  /**
   * Moves the picture slightly towards the sound if it is out of step.
   * @param elapsedUs time since the previous call, µs
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

/** How far the sender's clock is ahead of the track's place on our wall clock, µs. */
function lead({ clock, offsetUs }: WallClockAnchor): number | undefined {
  if (clock.senderOffsetUs === undefined || offsetUs === undefined) return undefined;
  return clock.senderOffsetUs - offsetUs;
}
