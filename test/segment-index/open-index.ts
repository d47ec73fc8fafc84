import { readFile } from 'node:fs/promises';
import type { Segment } from '../../src/facts/segment.ts';
import { SegmentIndex, type SegmentIndexOptions } from '../../src/segment-index/segment-index.ts';

/** What was logged. */
export interface Logged {
  fields: Record<string, unknown>;
  message: string;
}

/** Opens an index that logs into an array. */
export async function openIndex(
  journalPath: string,
  options: Partial<SegmentIndexOptions> = {},
): Promise<{ index: SegmentIndex; logged: Logged[] }> {
  const logged: Logged[] = [];
  const index = await SegmentIndex.open({
    journalPath,
    nodeAlias: 'node "ü"',
    log: {
      warn(fields, message) {
        logged.push({ fields: { ...fields }, message });
      },
    },
    ...options,
  });
  return { index, logged };
}

const START_US = Date.UTC(2025, 6, 24) * 1000;

/** The nth 10 s segment of a day of a stream, with two keyframes where it is video. */
export function segment(n: number, fields: Partial<Segment> = {}): Segment {
  const { stream = 'cam1', kind = 'video' } = fields;
  const start = START_US + n * 10_000_000;
  const prefix = kind === 'audio' ? 'audio_' : '';
  return {
    stream,
    kind,
    startUs: start,
    endUs: start + 10_000_000,
    path: `${stream}/2025/07/24/${prefix}seg_${String(n + 1).padStart(4, '0')}.m4s`,
    initPath: `${stream}/2025/07/24/${prefix}init.m4s`,
    isKeyframe: true,
    keyframes: kind === 'audio' ? [] : [start, start + 5_000_000],
    codec: kind === 'audio' ? 'opus' : 'avc1.42e01f',
    size: 1_000_000 + n,
    ...fields,
  };
}

/** A page as a client sees it. */
export function parse(page: Buffer): {
  segments: Record<string, unknown>[];
  last_ts: number;
  has_more: boolean;
} {
  return JSON.parse(page.toString());
}

/** What the index lists, as the numbers given to {@link segment}. */
export function listed(index: SegmentIndex): number[] {
  return parse(index.page({ limit: 1000 })).segments.map(({ size }) => Number(size) - 1_000_000);
}

/** The journal of an index with so many of them. */
export async function journalOf(path: string, segments: number): Promise<Buffer> {
  const { index } = await openIndex(path);
  for (let n = 0; n < segments; n++) await index.add(segment(n));
  await index.close();
  return readFile(path);
}
