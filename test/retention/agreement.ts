import type { Test } from 'tap';
import { folderOf } from '../../src/layout/object-path.ts';
import { recordingFolders } from '../../src/verification/recording-folders.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** Fails where a recording is damaged. @param live whether one of them goes on */
export async function noDamage(t: Test, root: string, live: boolean): Promise<void> {
  for await (const folder of recordingFolders(root)) {
    const { findings } = await verifyRecording(folder, { live });
    t.same(
      findings.filter(({ damage }) => damage),
      [],
      folder,
    );
  }
}

/** No file without a row, no row without a file, and a manifest that names them. */
export function agree(t: Test, node: SimulatedNode): void {
  const rows = node.rows();
  t.same(node.segmentFiles(), rows, 'files are rows');
  for (const [folder, own] of Map.groupBy(rows, folderOf)) t.same(node.named(folder), own, folder);
}
