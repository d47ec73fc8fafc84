import { createHash } from 'node:crypto';
import { containerNamed } from '../containers/registry.ts';
import type { Segment } from '../facts/segment.ts';
import { parseFileName } from '../layout/file-names.ts';
import { nameOf } from '../layout/object-path.ts';
import { CONTAINER_FILES } from '../media/container-name.ts';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import { Refusal } from '../refusal.ts';
import type { RecordedBytes } from '../storage/recordings-reader.ts';
import { type ExportSources, instant } from './plan-export.ts';
import { unreadable } from './recorded-samples.ts';

/** A keyframe as a file of its own. */
export interface RecordedPicture {
  /** Initialization segment and one sample: whatever plays the stream draws it. */
  data: Buffer;
  mediaType: string;
  /** Strong entity tag with its quotes. */
  etag: string;
  /** When it was captured, µs since the Unix epoch. */
  timeUs: number;
  /** Nothing that is recorded later can be nearer to the time that was asked for. */
  isFinal: boolean;
}

/** How far back a keyframe is looked for, µs: a still picture stands for so long. */
const BEFORE_US = 60_000_000;
/** Segments of pictures that there may be in such a time, and many more. */
const MOST_SEGMENTS = 1000;

/**
 * The keyframe of a stream at or before a time.
 * @param us µs since the Unix epoch
 * @throws Refusal `no-media` where there is none within a minute before it, `unreadable-media`; the file
 * system's error; StoreError
 */
export async function readPicture(
  { objects, index }: Pick<ExportSources, 'objects' | 'index'>,
  stream: string,
  us: number,
): Promise<RecordedPicture> {
  const found = keyframeAt(index.segments(queryAround(stream, us)), us);
  if (found === undefined) {
    throw new Refusal(
      'no-media',
      `no picture is recorded of ${stream} at ${instant(us)} or in the minute before it; GET /api/timeline tells when there is`,
    );
  }
  const { segment, place, isFinal } = found;
  const data = await readKeyframe(objects, segment, place);
  const tag = createHash('sha256').update(data).digest('base64url').slice(0, 32);
  const { container } = parseFileName(nameOf(segment.path))!;
  return {
    data,
    mediaType: CONTAINER_FILES[container].video,
    etag: `"${tag}"`,
    timeUs: segment.keyframes[place]!,
    isFinal,
  };
}

function queryAround(stream: string, us: number) {
  const startUs = Math.max(0, us - BEFORE_US);
  return { stream, kind: 'video', startUs, endUs: us + 1, limit: MOST_SEGMENTS } as const;
}

function keyframeAt(segments: readonly Segment[], us: number) {
  let best: { segment: Segment; place: number } | undefined;
  let latestUs = Number.NEGATIVE_INFINITY;
  let isFinal = false;
  for (const segment of segments) {
    if (segment.endUs > us) isFinal = true;
    const place = segment.keyframes.findLastIndex((keyframe) => keyframe <= us);
    const keyframeUs = segment.keyframes[place];
    if (keyframeUs === undefined || keyframeUs < Math.max(latestUs, us - BEFORE_US)) continue;
    best = { segment, place };
    latestUs = keyframeUs;
  }
  return best && { ...best, isFinal };
}

/** @param place of the keyframe among those of the segment */
async function readKeyframe(
  objects: RecordedObjects,
  segment: Segment,
  place: number,
): Promise<Buffer> {
  const { path, initPath, size } = segment;
  const { container } = parseFileName(nameOf(path))!;
  const format = containerNamed(container);
  const initialization = await objects.read(initPath);
  if (initialization === undefined) throw unreadable(initPath, 'is missing');
  const facts = format.readInitialization(initialization);
  if (facts === undefined) throw unreadable(initPath, 'is damaged');
  const file = await objects.open(path, size);
  if (file === undefined) throw unreadable(path, 'is missing');
  try {
    const { chunks } = await format.readChunks(file, file.size);
    let left = place;
    for (const { keyframes, sampleOffsets, sampleSizes, sampleDurations } of chunks) {
      const sample = keyframes[left];
      left -= keyframes.length;
      if (sample === undefined) continue;
      const payload = await readPayload(file, sampleOffsets[sample]!, sampleSizes[sample]!);
      if (payload === undefined) break;
      const { buffers } = format.chunk({
        kind: 'video',
        // Its units have their lengths before them as they were read.
        isLengthPrefixed: false,
        sequenceNumber: 1,
        samples: [
          {
            time: 0,
            duration: Math.max(1, sampleDurations[sample]!),
            compositionOffset: facts.compositionDelay ?? 0,
            keyframe: true,
            parts: [payload],
          },
        ],
      });
      return Buffer.concat([initialization, ...buffers]);
    }
    throw unreadable(path, 'is damaged, or has no such keyframe');
  } finally {
    await file.close();
  }
}

async function readPayload(
  file: RecordedBytes,
  position: number,
  length: number,
): Promise<Buffer | undefined> {
  const data = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(data, filled, length - filled, position + filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return data;
}
