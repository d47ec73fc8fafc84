import { HeaderExtensions } from '../../src/rtp/header-extensions.ts';
import { RtpHeader } from '../../src/rtp/rtp-header.ts';
import { type FuzzTarget, must } from '../target.ts';

const header = new RtpHeader();
const extensions = new HeaderExtensions();

/** One datagram: its header, its extension by a second, slower reading, and its padding. */
export const target: FuzzTarget = {
  covers: ['src/rtp/rtp-header.ts', 'src/rtp/header-extensions.ts'],
  maxBytes: 65_535,
  seeds: () => [
    Buffer.from('80e0000100000001000000020102030405060708', 'hex'),
    Buffer.from('b0600001000000010000000200000003bede000110ff0000616263000004', 'hex'),
    Buffer.from('90600001000000010000000210000002010161020000030262630000', 'hex'),
  ],
  run(input) {
    // A tag of ten bytes is not part of header and payload.
    for (const limit of [input.length, input.length - 10]) {
      if (!header.parse(input, limit)) continue;
      must(header.bytes >= 12 && header.bytes <= limit, 'the header lies within its limit');
      must(header.extensionStart <= header.extensionEnd, 'the extension ends after it starts');
      must(header.extensionEnd <= header.bytes, 'the extension lies within the header');
      const whole = extensions.parse(input, header);
      const expected = readElements(input, header);
      must(whole === (expected !== undefined), 'a second reading finds the same elements whole');
      for (let id = 0; id < 256; id++) checkElement(input, id, expected);
      const payload = input.subarray(header.bytes, limit);
      const length = header.payloadLength(payload);
      must(length >= -1 && length <= payload.length, 'the payload is no longer than it is');
    }
  },
};

function checkElement(input: Buffer, id: number, expected: Map<number, Buffer> | undefined): void {
  const position = extensions.find(id);
  if (position >= 0) {
    const end = extensions.start(position) + extensions.length(position);
    must(end <= header.extensionEnd, 'each element lies within the extension');
  }
  if (expected === undefined) return;
  const element = expected.get(id);
  must(position >= 0 === (element !== undefined), `element ${id} is found where it is`);
  if (element === undefined) return;
  const start = extensions.start(position);
  const found = input.subarray(start, start + extensions.length(position));
  must(found.equals(element), `element ${id} is the first of its identifier`);
}

/** The first 32 elements by identifier, the first of each, without regard to speed. */
function readElements(
  input: Buffer,
  { extensionProfile, extensionStart, extensionEnd }: RtpHeader,
) {
  const elements = new Map<number, Buffer>();
  const oneByte = extensionProfile === 0xbede;
  if (!oneByte && extensionProfile >> 4 !== 0x100) return elements;
  let data = input.subarray(extensionStart, extensionEnd);
  let count = 0;
  while (data.length > 0) {
    const [first, second] = data as unknown as [number, number | undefined];
    if (first === 0) {
      data = data.subarray(1);
      continue;
    }
    const id = oneByte ? first >> 4 : first;
    if (oneByte && (id === 0 || id === 15)) break;
    const headBytes = oneByte ? 1 : 2;
    if (!oneByte && second === undefined) return undefined;
    const length = oneByte ? (first & 15) + 1 : second!;
    if (headBytes + length > data.length) return undefined;
    if (count++ < 32 && !elements.has(id))
      elements.set(id, data.subarray(headBytes, headBytes + length));
    data = data.subarray(headBytes + length);
  }
  return elements;
}
