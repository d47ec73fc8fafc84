/** A layer that sent nothing for this long has stopped, µs. */
const STOPPED_US = 2_000_000;
/** One that is to be taken has to have sent something as lately as this, µs. */
const FLOWING_US = 1_000_000;
/** How long a larger layer has to be received without a pause before it is taken, µs. */
const STEADY_US = 2_000_000;
/** As long at most, after it has stopped again and again. */
const MAX_STEADY_US = 60_000_000;
/** A layer is kept for at least this long, so that no Period is too short for players, µs. */
const MIN_KEPT_US = 2_000_000;
/** One that stopped sooner than this after it was taken is to be trusted less, µs. */
const TRUSTED_US = 30_000_000;

/** What is known of one layer when another might be better. Times are µs on the steady clock. */
export interface LayerState {
  /** Luma samples of its pictures; 0 while that is not known. */
  readonly pixels: number;
  /** When its latest packet came. */
  readonly lastUs: number;
  /** Since when it comes without a pause. */
  readonly steadySinceUs: number;
}

/** The part of {@link LayerState} that follows from when packets come. */
export class LayerArrivals {
  lastUs = 0;
  steadySinceUs = 0;

  /** Notes a packet. @param arrivalUs µs on the steady clock */
  note(arrivalUs: number): void {
    if (arrivalUs - this.lastUs > FLOWING_US) this.steadySinceUs = arrivalUs;
    this.lastUs = arrivalUs;
  }
}

/** The one of some layers that is to be taken first: the largest that comes. */
export function largest<T extends LayerState>(layers: readonly T[], nowUs: number): T | undefined {
  let best: T | undefined;
  for (const layer of layers) {
    if (nowUs - layer.lastUs > FLOWING_US) continue;
    if (best === undefined || layer.pixels > best.pixels) best = layer;
  }
  return best;
}

/**
 * Decides which of a picture's simulcast layers is recorded (RFC 8853): the one with the most pixels
 * that comes. Another follows when it stops, and a larger one once it has come for a while; the more
 * often that one stops again soon, the longer it has to.
 */
export class LayerChoice<T extends LayerState> {
  #kept: T;
  #keptSinceUs: number;
  #steadyUs = STEADY_US;
  #hasReturned = false;

  /** @param first taken at `nowUs`, µs on the steady clock */
  constructor(first: T, nowUs: number) {
    this.#kept = first;
    this.#keptSinceUs = nowUs;
  }

  /** The layer that is taken at present. */
  get kept(): T {
    return this.#kept;
  }

  /**
   * The layer that would be better at `nowUs` (µs on the steady clock); undefined while there is none.
   * It is taken with its next keyframe, see {@link take}.
   */
  better(layers: readonly T[], nowUs: number): T | undefined {
    const best = largest(layers, nowUs);
    if (best === undefined || best === this.#kept) return undefined;
    if (nowUs - this.#kept.lastUs > STOPPED_US) return best;
    if (best.pixels <= this.#kept.pixels) return undefined;
    if (nowUs - this.#keptSinceUs < MIN_KEPT_US) return undefined;
    return nowUs - best.steadySinceUs < this.#steadyUs ? undefined : best;
  }

  /** Takes another layer from now on, µs on the steady clock. */
  take(layer: T, nowUs: number): void {
    const keptUs = nowUs - this.#keptSinceUs;
    const hasStopped = nowUs - this.#kept.lastUs > STOPPED_US;
    if (keptUs >= TRUSTED_US) this.#steadyUs = STEADY_US;
    else if (hasStopped && this.#hasReturned) {
      this.#steadyUs = Math.min(2 * this.#steadyUs, MAX_STEADY_US);
    }
    this.#hasReturned ||= layer.pixels > this.#kept.pixels;
    this.#kept = layer;
    this.#keptSinceUs = nowUs;
  }
}
