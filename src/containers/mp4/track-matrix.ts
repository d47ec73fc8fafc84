import { ORIENTATIONS, type PictureOrientation, UPRIGHT } from '../../media/picture-orientation.ts';

/** Where the matrix stands in the payload of a `tkhd` box of version 0 (ISO/IEC 14496-12 §8.3.2). */
const MATRIX_OFFSET = 40;
const MATRIX_BYTES = 36;

/** 1 as a fixed-point number 16.16. */
const ONE = 0x1_0000;

/** Where a point goes that is one to the right, [a, b], and one that is one below, [c, d]. */
type Axes = readonly [a: number, b: number, c: number, d: number];

const TURNED: Record<PictureOrientation['clockwise'], Axes> = {
  0: [1, 0, 0, 1],
  90: [0, 1, -1, 0],
  180: [-1, 0, 0, -1],
  270: [0, -1, 1, 0],
};

/**
 * The matrix of a track header that shows pictures as they are to be shown (ISO/IEC 14496-12 §6.2.2, in
 * its order: a, b, u, c, d, v, x, y, w), moved back to where they were. Fixed point 16.16; the last
 * column's 2.30 knows 1 as 2^14 there.
 * @param width of the track header, pixels
 */
export function trackMatrix(
  orientation: PictureOrientation,
  width: number,
  height: number,
): number[] {
  const [a, b, c, d] = axes(orientation);
  const x = (a < 0 ? width : 0) + (c < 0 ? height : 0);
  const y = (b < 0 ? width : 0) + (d < 0 ? height : 0);
  return [a, b, 0, c, d, 0, x, y, 2 ** 14];
}

/**
 * Reads what {@link trackMatrix} wrote.
 * @param header payload of the `tkhd` box
 * @returns undefined for a matrix that does something else
 */
export function readTrackMatrix(header: Buffer): PictureOrientation | undefined {
  if (header.length < MATRIX_OFFSET + MATRIX_BYTES) return undefined;
  const read = [0, 4, 12, 16].map((at) => header.readInt32BE(MATRIX_OFFSET + at) / ONE);
  return ORIENTATIONS.find((orientation) =>
    axes(orientation).every((value, i) => value === read[i]),
  );
}

function axes({ clockwise, isMirrored }: PictureOrientation = UPRIGHT): Axes {
  const [a, b, c, d] = TURNED[clockwise];
  return isMirrored ? [-a, -b, c, d] : [a, b, c, d];
}
