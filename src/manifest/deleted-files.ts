import type { TrackKind } from '../media/access-unit.ts';
import { NumberRanges } from './number-ranges.ts';

/** Names of the files in the comment, see {@link DeletedFiles.toXml}. */
const LISTS = [
  ['seg', 'seg', 'video'],
  ['audio_seg', 'seg', 'audio'],
  ['init', 'init', 'video'],
  ['audio_init', 'init', 'audio'],
] as const;
/** The comment, see {@link DeletedFiles.toXml}. */
export const DELETED_COMMENT = /<!-- deleted: ([^<>]*) -->/;

/**
 * The numbers of files that were deleted from a day folder. The manifest carries them, because
 * nothing else lives as long as the folder on the disk and in a bucket: no number may be used
 * again, and a file whose deletion a crash interrupted must not be taken for one that the manifest
 * lost.
 */
export class DeletedFiles {
  readonly seg: Record<TrackKind, NumberRanges> = {
    video: new NumberRanges(),
    audio: new NumberRanges(),
  };
  readonly init: Record<TrackKind, NumberRanges> = {
    video: new NumberRanges(),
    audio: new NumberRanges(),
  };
  /** The greatest number in an id of a Period of which something was deleted. */
  lastPeriod = 0;

  /** Adds what another manifest of the folder says. */
  add(other: DeletedFiles): void {
    for (const [, type, kind] of LISTS) this[type][kind].addAll(other[type][kind]);
    this.lastPeriod = Math.max(this.lastPeriod, other.lastPeriod);
  }

  /** As an XML comment, which players pass over, such as `deleted: seg 1-500, init 1, period 2`. */
  toXml(): string {
    const parts = LISTS.flatMap(([name, type, kind]) => {
      const ranges = this[type][kind];
      return ranges.isEmpty ? [] : [`${name} ${ranges}`];
    });
    if (this.lastPeriod > 0) parts.push(`period ${this.lastPeriod}`);
    return parts.length === 0 ? '' : `<!-- deleted: ${parts.join(', ')} -->\n`;
  }

  /**
   * Reads the comment in a manifest.
   * @returns undefined if there is none; `malformed` if it is none of ours
   */
  static parse(xml: string): DeletedFiles | undefined | 'malformed' {
    const [, text] = DELETED_COMMENT.exec(xml) ?? [];
    if (text === undefined) return undefined;
    const deleted = new DeletedFiles();
    for (const part of text.split(', ')) {
      const space = part.indexOf(' ');
      const name = part.slice(0, space);
      const list = LISTS.find(([each]) => each === name);
      const ranges = NumberRanges.parse(part.slice(space + 1));
      if (ranges === undefined || (list === undefined && name !== 'period')) return 'malformed';
      if (list === undefined) deleted.lastPeriod = ranges.last;
      else deleted[list[1]][list[2]].addAll(ranges);
    }
    return deleted;
  }
}
