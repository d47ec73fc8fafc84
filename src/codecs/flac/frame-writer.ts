import { Slab } from '../../media/slab.ts';
import { BitWriter } from './bit-writer.ts';
import { crc8, crc16 } from './checksum.ts';
import { type Prediction, Predictor } from './predictor.ts';

/** Bits of each sample. */
const SAMPLE_BITS = 16;
/** Most samples in a frame (RFC 9639 §9.1.6). */
export const MOST_SAMPLES = 65_535;
/** Bytes from the sync code to the CRC-8 in all frames that are written here. */
const HEADER_BYTES = 8;
const FOOTER_BYTES = 2;

/** Subframe types (RFC 9639 §9.2.1), in six bits; a fixed predictor's has its order added. */
const CONSTANT = 0;
const VERBATIM = 1;
const FIXED = 8;

const slab = new Slab();
const predictor = new Predictor();

/**
 * Encodes sound of one channel and 8000 samples of 16 bits a second as one frame of FLAC (RFC 9639 §9).
 *
 * The number that a frame carries is 0 in all of them: samples of a container have their place from it,
 * and a frame does not know how many will lie before it.
 * @param samples 1 to {@link MOST_SAMPLES}, of −32768 to 32767
 * @returns the frame in memory that nobody else has
 * @throws RangeError for another number of samples
 */
export function writeFlacFrame(samples: Int16Array): Buffer {
  const { length } = samples;
  if (length < 1 || length > MOST_SAMPLES) {
    throw new RangeError(`a frame of FLAC has 1 to ${MOST_SAMPLES} samples, got ${length}`);
  }
  const wasted = wastedBits(samples);
  const prediction = predictor.predict(samples, wasted);
  const type = subframeType(samples, prediction, wasted);
  const subframeBits = 8 + wasted + bodyBits(type, length, prediction, wasted);
  const frame = slab.take(HEADER_BYTES + Math.ceil(subframeBits / 8) + FOOTER_BYTES);
  writeHeader(frame, length);
  const writer = new BitWriter(frame.subarray(HEADER_BYTES));
  writer.write((type << 1) | (wasted > 0 ? 1 : 0), 8);
  if (wasted > 0) writer.writeUnary(wasted - 1);
  const width = SAMPLE_BITS - wasted;
  if (type === CONSTANT) writer.write(samples[0]! >> wasted, width);
  else if (type === VERBATIM) for (const sample of samples) writer.write(sample >> wasted, width);
  else {
    for (let i = 0; i < prediction.order; i++) writer.write(samples[i]! >> wasted, width);
    writeResidual(writer, prediction, length);
  }
  writer.align();
  const end = frame.length - FOOTER_BYTES;
  frame.writeUInt16BE(crc16(frame, 0, end), end);
  return frame;
}

/** How many of the lowest bits are 0 in all samples (RFC 9639 §9.2.2); 0 where all samples are 0. */
function wastedBits(samples: Int16Array): number {
  let all = 0;
  for (const sample of samples) all |= sample;
  return all === 0 ? 0 : 31 - Math.clz32(all & -all);
}

function subframeType(samples: Int16Array, prediction: Prediction, wasted: number): number {
  if (samples.every((sample) => sample === samples[0])) return CONSTANT;
  const { length } = samples;
  const type = FIXED + prediction.order;
  const isShorter =
    bodyBits(type, length, prediction, wasted) < bodyBits(VERBATIM, length, prediction, wasted);
  return isShorter ? type : VERBATIM;
}

/** Bits of a subframe behind its header. */
function bodyBits(type: number, length: number, prediction: Prediction, wasted: number): number {
  const width = SAMPLE_BITS - wasted;
  if (type === CONSTANT) return width;
  if (type === VERBATIM) return length * width;
  // Coding method, partition order and parameter.
  return prediction.order * width + 2 + 4 + 4 + prediction.residualBits;
}

function writeHeader(frame: Buffer, length: number): void {
  frame[0] = 0xff;
  frame[1] = 0xf9; // sync code, frames of different lengths
  frame[2] = 0x74; // number of samples at the end of the header in 16 bits, 8 kHz
  frame[3] = 0x08; // one channel, 16 bits
  frame[4] = 0; // number of the first sample
  frame.writeUInt16BE(length - 1, 5);
  frame[7] = crc8(frame, 0, HEADER_BYTES - 1);
}

/** What the prediction left, as one partition of Rice codes (RFC 9639 §9.2.7). */
function writeResidual(writer: BitWriter, prediction: Prediction, length: number): void {
  const { residual, order, parameter } = prediction;
  writer.write(0, 2 + 4); // 4-bit parameters, one partition
  writer.write(parameter, 4);
  for (let i = order; i < length; i++) {
    const folded = residual[i]!;
    writer.writeUnary(folded >> parameter);
    writer.write(folded, parameter);
  }
}
