import type { ByteSource } from '../files/byte-source.ts';
import type { SegmentHead } from './container.ts';
import { containerNamed, type FileFormat, timescaleOf } from './registry.ts';

/** Parses the head of a segment file, as far as it exists. @throws what the source throws */
export async function readSegmentHead(
  source: ByteSource,
  format: FileFormat,
): Promise<SegmentHead> {
  const container = containerNamed(format.container);
  const head = Buffer.alloc(container.headBytes);
  await source.read(head, 0, head.length, 0);
  return container.readHead(head, timescaleOf(format));
}
