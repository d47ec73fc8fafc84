/**
 * Text as UTF-8 in words of eight bytes, padded to a multiple of four words. As numbers, because those of eight
 * bytes are no slower to write than those of four; none is NaN, whose bits might change, because 0x7f never
 * follows a byte from 0xf0 on in UTF-8.
 */
export interface TextWords {
  readonly words: Float64Array;
  /** Number of bytes. */
  readonly length: number;
}

/** By so many bytes may what is written reach over its end, where the next is written. */
export const OVERHANG = 31;

/** Prepares text for {@link putText}. */
export function textWords(text: string): TextWords {
  const bytes = Buffer.from(text);
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 31)]);
  const words = Float64Array.from({ length: padded.length >> 3 }, (_, at) =>
    padded.readDoubleLE(8 * at),
  );
  return { words, length: bytes.length };
}

/**
 * Writes text. Positions are passed and returned, because one in an object would be stored and loaded for each
 * part. The call that copies bytes takes longer than most texts, and so do loops whose lengths vary much.
 * @returns the position behind it
 */
export function putText(view: DataView, at: number, { words, length }: TextWords): number {
  for (let index = 0, to = at; index < words.length; index += 4, to += 32) {
    view.setFloat64(to, words[index]!, true);
    view.setFloat64(to + 8, words[index + 1]!, true);
    view.setFloat64(to + 16, words[index + 2]!, true);
    view.setFloat64(to + 24, words[index + 3]!, true);
  }
  return at + length;
}

/** The same for up to 16 bytes. */
export function putShortText(view: DataView, at: number, { words, length }: TextWords): number {
  view.setFloat64(at, words[0]!, true);
  view.setFloat64(at + 8, words[1]!, true);
  return at + length;
}

/** The digits of the numbers from 0000 to 9999, each as the four bytes of a word. */
const FOURS = Uint32Array.from({ length: 10_000 }, (_, n) =>
  Buffer.from(String(n).padStart(4, '0')).readUInt32LE(),
);

/**
 * Writes an integer from 0 to 2^53 - 1, padded with zeros to `digits`, at most 9. At most 16 bytes.
 * @returns the position behind it
 */
export function putNumber(view: DataView, at: number, value: number, digits = 1): number {
  if (value < 1e8) return putSmall(view, at, value | 0, digits);
  // Both halves fit into 32 bits, where division is fast.
  const high = Math.floor(value / 1e8);
  return putEight(view, putSmall(view, at, high, 1), (value - high * 1e8) | 0);
}

/** Writes times of one kind: of most in a page, the first eight of 16 digits are the same. */
export class TimeWriter {
  /** The last time of 16 digits, with zeros for the last eight. */
  #leading = Number.POSITIVE_INFINITY;
  /** Its first eight digits as a word. */
  #word = 0;

  /**
   * Writes a time of a column plus an offset. The time is not passed itself: where this is a call, a number that
   * large would be allocated for it.
   * @returns the position behind it
   */
  put(view: DataView, at: number, times: Float64Array, index: number, offset: number): number {
    const low = times[index]! + offset - this.#leading;
    if (!(low >= 0 && low < 1e8)) return this.#putOther(view, at, times[index]! + offset);
    view.setFloat64(at, this.#word, true);
    return putEight(view, at + 8, low | 0);
  }

  #putOther(view: DataView, at: number, time: number): number {
    const end = putNumber(view, at, time);
    if (end - at === 16) {
      this.#leading = Math.floor(time / 1e8) * 1e8;
      this.#word = view.getFloat64(at, true);
    }
    return end;
  }
}

function putEight(view: DataView, at: number, value: number): number {
  const left = (value / 10_000) | 0;
  view.setUint32(at, FOURS[left]!, true);
  view.setUint32(at + 4, FOURS[value - left * 10_000]!, true);
  return at + 8;
}

/** A number of up to eight digits. */
function putSmall(view: DataView, at: number, value: number, digits: number): number {
  if (value < 10_000 && digits <= 4) return putUpToFour(view, at, value, digits);
  const left = (value / 10_000) | 0;
  const right = value - left * 10_000;
  if (digits <= 8) {
    const middle = putUpToFour(view, at, left, digits - 4);
    view.setUint32(middle, FOURS[right]!, true);
    return middle + 4;
  }
  view.setUint8(at, 0x30);
  return putEight(view, at + 1, value);
}

function putUpToFour(view: DataView, at: number, value: number, digits: number): number {
  const needed = value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : 4;
  const width = needed > digits ? needed : digits;
  // The first digit is the lowest byte; what remains behind the last one is written over.
  view.setUint32(at, FOURS[value]! >>> (32 - 8 * width), true);
  return at + width;
}
