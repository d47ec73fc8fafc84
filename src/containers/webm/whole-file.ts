import type { TrackFormat } from '../container.ts';
import { element, idBytes, uintElement } from './ebml.ts';
import { ID } from './element-id.ts';
import { ebmlHeader, information, trackEntry } from './initialization-segment.ts';
import { TRACK_NUMBER } from './track.ts';

/** Where decoding of the pictures can start. */
export interface Cue {
  /** Timestamp of the cluster, ms. */
  time: number;
  /** Bytes from the first cluster to this one. */
  start: number;
}

/** Bytes of numbers whose size must not depend on their value, since others depend on it. */
const FIXED_BYTES = 8;

/**
 * What a WebM file begins with whose clusters are known (RFC 9559 §5), up to the first of them: with its
 * duration, and with the cues (§5.1.5) in front, so that players seek before they have all of it.
 * @param clusterBytes of all clusters
 * @throws RangeError for what WebM cannot hold
 */
export function wholeFileStart(file: {
  tracks: TrackFormat[];
  durationMs: number;
  cues: readonly Cue[];
  clusterBytes: number;
}): Buffer {
  const { tracks, durationMs, cues, clusterBytes } = file;
  const before = Buffer.concat([
    information(durationMs),
    element(ID.tracks, ...tracks.map(trackEntry)),
  ]);
  const cuesBytes = cues.length === 0 ? 0 : cuesElement(cues, 0).length;
  const clustersAt = before.length + cuesBytes;
  return Buffer.concat([
    ebmlHeader(),
    idBytes(ID.segment),
    longSize(clustersAt + clusterBytes),
    before,
    ...(cues.length === 0 ? [] : [cuesElement(cues, clustersAt)]),
  ]);
}

/** @param clustersAt bytes from the beginning of the Segment's payload to the first cluster */
function cuesElement(cues: readonly Cue[], clustersAt: number): Buffer {
  return element(
    ID.cues,
    ...cues.map(({ time, start }) =>
      element(
        ID.cuePoint,
        fixedElement(ID.cueTime, time),
        element(
          ID.cueTrackPositions,
          uintElement(ID.cueTrack, TRACK_NUMBER.video),
          fixedElement(ID.cueClusterPosition, clustersAt + start),
        ),
      ),
    ),
  );
}

/** An unsigned integer of eight bytes, whatever it is. */
function fixedElement(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(FIXED_BYTES);
  bytes.writeBigUInt64BE(BigInt(value));
  return element(id, bytes);
}

/** A size in eight bytes (RFC 8794 §6). */
function longSize(size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(size));
  bytes[0] = 0x01;
  return bytes;
}
