/** Colour space of a picture: code points of ISO/IEC 23091-2 (ITU-T H.273). */
export interface ColourDescription {
  /** ColourPrimaries, 0–255; 2 is unspecified. */
  primaries: number;
  /** TransferCharacteristics, 0–255; 2 is unspecified. */
  transfer: number;
  /** MatrixCoefficients, 0–255; 2 is unspecified. */
  matrix: number;
  /** VideoFullRangeFlag. */
  fullRange: boolean;
}

/** The code point for "unspecified". */
export const UNSPECIFIED = 2;
