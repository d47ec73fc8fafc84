/** How the NAL units of a codec describe their access unit. */
export interface NalUnitSyntax {
  /** Name of the codec in the registry. */
  readonly codec: string;
  /** Size of the shortest slice that shows whether it is the first of its picture, bytes. */
  readonly shortestSlice: number;
  /** Whether it can be part of an access unit, and is not a structure of the payload format. */
  isNalUnit(nalUnit: Buffer): boolean;
  /** Whether a NAL unit with this first byte is a slice of a picture. */
  isSlice(first: number): boolean;
  /** Whether no other picture refers to the picture of a slice with these first bytes. */
  isDisposable(first: number, second: number): boolean;
  /** Whether decoding can start at the picture of a slice. */
  isKeyframe(slice: Buffer): boolean;
  /** Whether a slice is the first one of its picture. */
  startsPicture(slice: Buffer): boolean;
  isSequenceParameterSet(nalUnit: Buffer): boolean;
  /** Whether it is a parameter set of any kind, or an extension of one. */
  isParameterSet(nalUnit: Buffer): boolean;
}
