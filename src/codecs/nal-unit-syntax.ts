/** What the NAL units of a codec say of the access unit that they are of. */
export interface NalUnitSyntax {
  /** Name of the codec in the registry. */
  readonly codec: string;
  /** Bytes of the shortest slice that says whether it is the first of its picture. */
  readonly shortestSlice: number;
  /** Whether it is one that an access unit can hold, and no structure of the payload format. */
  isNalUnit(nalUnit: Buffer): boolean;
  /** Whether a NAL unit with this first byte is a slice of a picture. */
  isSlice(first: number): boolean;
  /** Whether no other picture refers to that of a slice with these first bytes. */
  isDisposable(first: number, second: number): boolean;
  /** Whether decoding can start with the picture of a slice. */
  isKeyframe(slice: Buffer): boolean;
  /** Whether a slice is the first one of its picture. */
  startsPicture(slice: Buffer): boolean;
  isSequenceParameterSet(nalUnit: Buffer): boolean;
  /** Whether it is a parameter set of any kind, or an extension of one. */
  isParameterSet(nalUnit: Buffer): boolean;
}
