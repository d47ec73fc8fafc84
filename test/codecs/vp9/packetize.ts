/** What is said of each packet of a layer frame. */
export interface LayerFields {
  spatialId: number;
  dependsOnLower: boolean;
  /** Whether the frame refers to pictures before. */
  isPredicted: boolean;
}

/**
 * A payload descriptor (RFC 9628 §4.2) with optional fields as chance has it.
 *
 * @param layer absent where no layers are told
 * @param next gives numbers from 0 to 255
 */
export function randomDescriptor(
  begins: boolean,
  ends: boolean,
  layer: LayerFields | undefined,
  next: () => number,
): Buffer {
  const how = next();
  const isFlexible = (how & 1) !== 0;
  const hasPictureId = isFlexible || (how & 2) !== 0;
  const isPredicted = layer?.isPredicted ?? (how & 4) !== 0;
  const hasStructure = begins && (how & 0x18) === 0x18;
  const bytes = [
    (hasPictureId ? 0x80 : 0) |
      (isPredicted ? 0x40 : 0) |
      (layer === undefined ? 0 : 0x20) |
      (isFlexible ? 0x10 : 0) |
      (begins ? 0x08 : 0) |
      (ends ? 0x04 : 0) |
      (hasStructure ? 0x02 : 0),
  ];
  if (hasPictureId)
    bytes.push(...(how & 0x20 ? [0x80 | (next() & 0x7f), next()] : [next() & 0x7f]));
  if (layer !== undefined) {
    bytes.push((next() & 0xf0) | (layer.spatialId << 1) | Number(layer.dependsOnLower));
    if (!isFlexible) bytes.push(next());
  }
  if (isFlexible && isPredicted) {
    const references = 1 + (next() % 3);
    for (let left = references - 1; left >= 0; left--) {
      bytes.push((next() & 0xfe) | (left > 0 ? 1 : 0));
    }
  }
  if (hasStructure) bytes.push(...randomStructure(next));
  return Buffer.from(bytes);
}

/** A scalability structure (RFC 9628 §4.2.1). */
function randomStructure(next: () => number): number[] {
  const how = next();
  const bytes = [how & 0xf8];
  if (how & 0x10) for (let i = 0; i < 4 * (1 + (how >> 5)); i++) bytes.push(next());
  if ((how & 0x08) === 0) return bytes;
  const pictures = next() & 7;
  bytes.push(pictures);
  for (let picture = 0; picture < pictures; picture++) {
    const references = next() & 3;
    bytes.push((next() & 0xf0) | (references << 2));
    for (let i = 0; i < references; i++) bytes.push(next());
  }
  return bytes;
}

/** The payloads of a layer frame, or of a frame without layers, in pieces of up to `mostBytes`. */
export function packetizeLayer(
  frame: Buffer,
  layer: LayerFields | undefined,
  mostBytes: number,
  next: () => number,
): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at < frame.length; ) {
    const piece = frame.subarray(at, at + 1 + (((next() << 8) | next()) % mostBytes));
    const ends = at + piece.length === frame.length;
    payloads.push(Buffer.concat([randomDescriptor(at === 0, ends, layer, next), piece]));
    at += piece.length;
  }
  return payloads;
}
