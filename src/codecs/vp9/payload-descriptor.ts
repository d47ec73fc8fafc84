/** The relevant parts of a payload descriptor (RFC 9628 §4.2). */
export interface PayloadDescriptor {
  /** B and E: the packet is the first, or the last one, of a layer frame. */
  begins: boolean;
  ends: boolean;
  /** SID: the spatial layer, 0–7; 0 without layer indices. */
  spatialId: number;
  /** D: the frame refers to the one of the spatial layer below in the same picture. */
  dependsOnLower: boolean;
}

// The first byte: picture ID, inter-picture predicted, layer indices, flexible mode, begins, ends,
// scalability structure; the last bit says that no upper layer refers to the frame.
const HAS_PICTURE_ID = 0x80;
const IS_PREDICTED = 0x40;
const HAS_LAYERS = 0x20;
const IS_FLEXIBLE = 0x10;
const BEGINS_FRAME = 0x08;
const ENDS_FRAME = 0x04;
const HAS_STRUCTURE = 0x02;

/** Maximum number of references of a picture. */
const MOST_REFERENCES = 3;

/**
 * Parses a payload descriptor.
 *
 * @param descriptor receives the result
 * @returns offset of the payload after it, −1 if it is truncated or malformed
 */
export function readPayloadDescriptor(payload: Buffer, descriptor: PayloadDescriptor): number {
  const first = payload[0]!;
  descriptor.begins = (first & BEGINS_FRAME) !== 0;
  descriptor.ends = (first & ENDS_FRAME) !== 0;
  descriptor.spatialId = 0;
  descriptor.dependsOnLower = false;
  let offset = 1;
  if ((first & HAS_PICTURE_ID) !== 0) offset += (payload[offset] ?? 0) & 0x80 ? 2 : 1;
  if ((first & HAS_LAYERS) !== 0) {
    const layers = payload[offset++] ?? 0;
    descriptor.spatialId = (layers >> 1) & 7;
    descriptor.dependsOnLower = (layers & 1) !== 0;
    if ((first & IS_FLEXIBLE) === 0) offset++; // TL0PICIDX
  }
  if ((first & IS_FLEXIBLE) !== 0 && (first & IS_PREDICTED) !== 0) {
    let references = 1;
    while ((payload[offset++] ?? 0) & 1) if (++references > MOST_REFERENCES) return -1;
  }
  if ((first & HAS_STRUCTURE) !== 0) offset = structureEnd(payload, offset);
  return offset < payload.length ? offset : -1;
}

/** The end of the scalability structure (RFC 9628 §4.2.1), which is skipped. */
function structureEnd(payload: Buffer, start: number): number {
  const head = payload[start] ?? 0;
  let offset = start + 1;
  const hasSizes = (head & 0x10) !== 0;
  if (hasSizes) offset += 4 * (1 + (head >> 5));
  const hasGroup = (head & 0x08) !== 0;
  if (!hasGroup) return offset;
  const pictures = payload[offset++] ?? 0;
  for (let picture = 0; picture < pictures; picture++) {
    offset += 1 + (((payload[offset] ?? 0) >> 2) & 3);
  }
  return offset;
}
