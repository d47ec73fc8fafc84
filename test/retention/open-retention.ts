import path from 'node:path';
import { parseConfig } from '../../src/config/load-config.ts';
import type { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { filesOnDisk } from '../../src/retention/deletable-files.ts';
import { MediaRetention } from '../../src/retention/media-retention.ts';
import { Protections } from '../../src/retention/protections.ts';
import type { SegmentIndex } from '../../src/segment-index/segment-index.ts';

/** The retention of a node without media, whose folders have no manifests. */
export async function openRetention(
  root: string,
  index: SegmentIndex,
  catalogue: RecordCatalogue,
  config = parseConfig('', 'live777.toml'),
): Promise<MediaRetention> {
  return new MediaRetention({
    ...{ index, catalogue },
    protections: await Protections.open(path.join(root, '.index', 'segments.jsonl')),
    rules: config.recorder.retention,
    editor: {
      forget: async () => ({ isEmpty: false, initializations: [] }),
      removeFolder: async () => true,
    },
    files: filesOnDisk(root),
    freeSpace: async () => ({ freeBytes: 1e9, totalBytes: 2e9 }),
    segmentSeconds: 10,
    now: () => Date.now() * 1000,
    log: { info() {}, warn() {}, error() {} },
  });
}
