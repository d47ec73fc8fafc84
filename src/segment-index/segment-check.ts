import type { Segment } from '../facts/segment.ts';

// Generous for any path or stream id, and small enough that every segment fits a journal line.
const MAX_TEXT_LENGTH = 4096;
const MAX_KEYFRAMES = 50_000;

/**
 * Asserts that a segment can be indexed.
 * @throws TypeError or RangeError that names the field at fault
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
      `segment.endUs (${segment.endUs}) must not lie before segment.startUs (${segment.startUs})`,
    );
  }
  if (!Array.isArray(segment.keyframes)) {
    throw new TypeError('segment.keyframes must be an array of µs');
  }
  if (segment.keyframes.length > MAX_KEYFRAMES) {
    throw new RangeError(`segment.keyframes must not hold more than ${MAX_KEYFRAMES}`);
  }
  for (const keyframe of segment.keyframes) checkCount('keyframes', keyframe);
}

function checkText(field: keyof Segment, value: unknown): void {
  // No object path and no stream id can carry a NUL, and the index separates texts with it.
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new TypeError(`segment.${field} must be a text of at least one character without NUL`);
  }
  if (value.length > MAX_TEXT_LENGTH) {
    throw new RangeError(`segment.${field} must not be longer than ${MAX_TEXT_LENGTH} characters`);
  }
}

function checkCount(field: keyof Segment, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new RangeError(`segment.${field} must be a whole number from 0 to 2^53 - 1`);
  }
}
