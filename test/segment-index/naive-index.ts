import type { Segment } from '../../src/facts/segment.ts';
import type { FolderSummary, SegmentQuery } from '../../src/segment-index/segment-index.ts';

/** The index as one would write it without a thought of speed: what the real one is held against. */
export class NaiveIndex {
  rows: { createdAt: number; segment: Segment; uploaded: boolean }[] = [];

  page(query: SegmentQuery) {
    const from = query.startUs ?? Number.NEGATIVE_INFINITY;
    const to = query.endUs ?? Number.POSITIVE_INFINITY;
    const found = this.rows.filter(
      ({ createdAt, segment }) =>
        createdAt > (query.sinceTs ?? 0) &&
        (query.stream ?? segment.stream) === segment.stream &&
        (query.kind ?? segment.kind) === segment.kind &&
        (from === to
          ? segment.startUs <= from && segment.endUs > from
          : segment.startUs < to && segment.endUs > from),
    );
    const shown = found.slice(0, query.limit);
    return {
      segments: shown.map(({ createdAt, segment, uploaded }) => ({
        node_alias: 'node "ü"',
        stream: segment.stream,
        kind: segment.kind,
        start_ts: segment.startUs,
        end_ts: segment.endUs,
        duration_ms: Math.round((segment.endUs - segment.startUs) / 1000),
        path: segment.path,
        init_path: segment.initPath,
        is_keyframe: segment.isKeyframe,
        keyframes: segment.keyframes,
        codec: segment.codec,
        size: segment.size,
        created_at: createdAt,
        uploaded,
      })),
      last_ts: shown.at(-1)?.createdAt ?? query.sinceTs ?? 0,
      has_more: found.length > shown.length,
    };
  }

  folders(stream?: string): FolderSummary[] {
    const folders = new Map<string, FolderSummary>();
    for (const { segment } of this.rows) {
      if (stream !== undefined && segment.stream !== stream) continue;
      const folder = segment.path.includes('/')
        ? segment.path.slice(0, segment.path.lastIndexOf('/'))
        : '';
      const key = JSON.stringify([segment.stream, folder]);
      const known = folders.get(key);
      folders.set(key, {
        stream: segment.stream,
        folder,
        startUs: Math.min(known?.startUs ?? segment.startUs, segment.startUs),
        endUs: Math.max(known?.endUs ?? segment.endUs, segment.endUs),
        segments: (known?.segments ?? 0) + 1,
        bytes: (known?.bytes ?? 0) + segment.size,
      });
    }
    return [...folders.values()];
  }

  has(path: string): boolean {
    return this.rows.some(({ segment }) => segment.path === path);
  }

  evict(beforeUs: number): number {
    const before = this.rows.length;
    this.rows = this.rows.filter(({ segment }) => segment.endUs > beforeUs);
    return before - this.rows.length;
  }
}
