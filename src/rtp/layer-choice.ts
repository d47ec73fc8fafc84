/** A layer that has been silent for this long has stopped, µs. */
const STOPPED_US = 2_000_000;
/** A layer can only be chosen if its last packet is not older than this, µs. */
const FLOWING_US = 1_000_000;
/** How long a larger layer must be received without a pause before it is chosen, µs. */
const STEADY_US = 2_000_000;
/** Maximum of that time after the layer has stopped repeatedly, µs. */
const MAX_STEADY_US = 60_000_000;
/** Minimum time with a layer, because players have problems with shorter Periods, µs. */
const MIN_KEPT_US = 2_000_000;
/** A layer that stops sooner than this after it was chosen is trusted less, µs. */
const TRUSTED_US = 30_000_000;

/** State of a layer for the choice. Times are µs on the steady clock. */
export interface LayerState {
  /** Luma samples per picture; 0 while unknown. */
  readonly pixels: number;
  /** Arrival of its latest packet. */
  readonly lastUs: number;
  /** Start of the current reception without a pause. */
  readonly steadySinceUs: number;
}

/** The part of {@link LayerState} that depends on arrival times. */
export class LayerArrivals {
  lastUs = 0;
  steadySinceUs = 0;

  /** Counts a packet. @param arrivalUs µs on the steady clock */
  note(arrivalUs: number): void {
    if (arrivalUs - this.lastUs > FLOWING_US) this.steadySinceUs = arrivalUs;
    this.lastUs = arrivalUs;
  }
}

/** The layer to choose first: the largest one that is being received. */
export function largest<T extends LayerState>(layers: readonly T[], nowUs: number): T | undefined {
  let best: T | undefined;
  for (const layer of layers) {
    if (nowUs - layer.lastUs > FLOWING_US) continue;
    if (best === undefined || layer.pixels > best.pixels) best = layer;
  }
  return best;
}

/**
 * Decides which simulcast layer of a picture is recorded (RFC 8853): the one with the most pixels
 * that is received. If it stops, another one follows; a larger one follows once it has been
 * received for a while, which must be longer the more often it has stopped soon afterwards.
 */
export class LayerChoice<T extends LayerState> {
  #kept: T;
  #keptSinceUs: number;
  #steadyUs = STEADY_US;
  #hasReturned = false;

  /** @param first chosen at `nowUs`, µs on the steady clock */
  constructor(first: T, nowUs: number) {
    this.#kept = first;
    this.#keptSinceUs = nowUs;
  }

  /** The layer in use. */
  get kept(): T {
    return this.#kept;
  }

  /**
   * A better layer at `nowUs` (µs on the steady clock); undefined if there is none. It should be
   * chosen at its next keyframe, see {@link take}.
   */
  better(layers: readonly T[], nowUs: number): T | undefined {
    const best = largest(layers, nowUs);
    if (best === undefined || best === this.#kept) return undefined;
    if (nowUs - this.#kept.lastUs > STOPPED_US) return best;
    if (best.pixels <= this.#kept.pixels) return undefined;
    if (nowUs - this.#keptSinceUs < MIN_KEPT_US) return undefined;
    return nowUs - best.steadySinceUs < this.#steadyUs ? undefined : best;
  }

  /** Chooses another layer. @param nowUs µs on the steady clock */
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
