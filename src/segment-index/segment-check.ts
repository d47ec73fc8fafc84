import type { Segment } from '../facts/segment.ts';

// Enough for any path or stream id, and small enough that every segment fits into a journal line.
const MAX_TEXT_LENGTH = 4096;
const MAX_KEYFRAMES = 50_000;

/**
 * Asserts that a segment can be indexed.
 * @throws TypeError or RangeError that names the invalid field
 */
export function checkSegment(segment: Segment): void {
  checkText('stream', segment.stream);
  checkText('path', segment.path);
  checkText('initPath', segment.initPath);
  checkText('codec', segment.codec);
  if (segment.periodReason !== undefined) checkText('periodReason', segment.periodReason);
  if (segment.kind !== 'video' && segment.kind !== 'audio') {
    throw new TypeError(`segment.kind must be video or audio, not ${String(segment.kind)}`);
  }
  if (typeof segment.isKeyframe !== 'boolean') {
    throw new TypeError('segment.isKeyframe must be a boolean');
  }
  checkCount('startUs', segment.startUs);
  checkCount('endUs', segment.endUs);
  checkCount('size', segment.size);
  if (segment.endUs < segment.startUs) {
    throw new RangeError(
      `segment.endUs (${segment.endUs}) must not be before segment.startUs (${segment.startUs})`,
    );
  }
  if (!Array.isArray(segment.keyframes)) {
    throw new TypeError('segment.keyframes must be an array of µs');
  }
  if (segment.keyframes.length > MAX_KEYFRAMES) {
    throw new RangeError(`segment.keyframes must have at most ${MAX_KEYFRAMES} entries`);
  }
  for (const keyframe of segment.keyframes) checkCount('keyframes', keyframe);
}

function checkText(field: keyof Segment, value: unknown): void {
  // Neither object paths nor stream ids can contain NUL, which the index uses as a separator.
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new TypeError(`segment.${field} must be a non-empty string without NUL`);
  }
  if (value.length > MAX_TEXT_LENGTH) {
    throw new RangeError(`segment.${field} must not be longer than ${MAX_TEXT_LENGTH} characters`);
  }
}

function checkCount(field: keyof Segment, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new RangeError(`segment.${field} must be an integer from 0 to 2^53 - 1`);
  }
}
