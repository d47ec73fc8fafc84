/** Highest order of a fixed predictor (RFC 9639 §9.2.5). */
const MOST_ORDER = 4;
/** Largest parameter of a Rice code in four bits, of which the last value says something else. */
const MOST_PARAMETER = 14;

/** What a fixed predictor makes of the samples of a frame. */
export interface Prediction {
  /** How many samples each one is predicted from. */
  order: number;
  /** By sample, from `order` on: how far the prediction was off, folded to 0 and more (§9.2.7.2). */
  residual: Int32Array;
  /** Of the Rice code that takes the fewest bits. */
  parameter: number;
  /** Bits of the residual in that code. */
  residualBits: number;
}

/** Chooses the fixed predictor for each frame that leaves least. */
export class Predictor {
  /** The samples' differences of each order. */
  readonly #differences: Int32Array[] = Array.from(
    { length: MOST_ORDER + 1 },
    () => new Int32Array(0),
  );

  /**
   * Predicts the samples of one frame.
   * @param wasted lowest bits that are left out of each
   * @returns what is overwritten by the next call
   */
  predict(samples: Int16Array, wasted: number): Prediction {
    const { length } = samples;
    this.#makeRoom(length);
    let order = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let each = 0; each <= MOST_ORDER && each < length; each++) {
      const sum = each === 0 ? this.#shift(samples, wasted) : this.#difference(each, length);
      if (sum >= least) continue;
      least = sum;
      order = each;
    }
    const residual = this.#differences[order]!;
    for (let i = order; i < length; i++) residual[i] = (residual[i]! << 1) ^ (residual[i]! >> 31);
    return { order, residual, ...bestCode(residual, order, length) };
  }

  #makeRoom(length: number): void {
    if (this.#differences[0]!.length >= length) return;
    for (let order = 0; order <= MOST_ORDER; order++) {
      this.#differences[order] = new Int32Array(length);
    }
  }

  #shift(samples: Int16Array, wasted: number): number {
    const own = this.#differences[0]!;
    let sum = 0;
    for (let i = 0; i < samples.length; i++) {
      const value = samples[i]! >> wasted;
      own[i] = value;
      sum += Math.abs(value);
    }
    return sum;
  }

  /** The differences of the order below (RFC 9639 §9.2.5). @returns the sum of their amounts */
  #difference(order: number, length: number): number {
    const below = this.#differences[order - 1]!;
    const own = this.#differences[order]!;
    let sum = 0;
    for (let i = order; i < length; i++) {
      const value = below[i]! - below[i - 1]!;
      own[i] = value;
      sum += Math.abs(value);
    }
    return sum;
  }
}

function bestCode(residual: Int32Array, order: number, length: number) {
  let parameter = 0;
  let residualBits = Number.POSITIVE_INFINITY;
  for (let each = 0; each <= MOST_PARAMETER; each++) {
    let bits = (length - order) * (1 + each);
    for (let i = order; i < length; i++) bits += residual[i]! >> each;
    if (bits >= residualBits) break;
    parameter = each;
    residualBits = bits;
  }
  return { parameter, residualBits };
}
