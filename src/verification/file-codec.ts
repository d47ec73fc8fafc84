import type { Codec } from '../codecs/codec.ts';
import { codecNamed, likelyCodec } from '../codecs/registry.ts';
import { readSegmentHead } from '../containers/read-head.ts';
import { containerNamed } from '../containers/registry.ts';
import { parseFileName } from '../layout/file-names.ts';
import type { RecordingFiles } from './recording-files.ts';

/**
 * The codec of a segment file that no manifest names: that of the initialization segment named in
 * its head or, if that is missing or damaged, the most likely one for its file name.
 * @param name of a segment, which may be a part file
 * @throws what {@link RecordingFiles.open} throws
 */
export async function codecOfFile(files: RecordingFiles, name: string): Promise<Codec> {
  const file = parseFileName(name)!;
  const likely = likelyCodec(file.kind);
  const source = await files.open(name);
  if (source === undefined) return likely;
  try {
    const { origin } = await readSegmentHead(source, file);
    // The head may be damaged, so the name in it is only opened if it is one of ours.
    if (origin === undefined || parseFileName(origin.initialization)?.type !== 'init')
      return likely;
    const data = await files.read(origin.initialization);
    const configuration = data && containerNamed(file.container).readConfiguration(data);
    return (configuration && codecNamed(configuration.codec)) ?? likely;
  } finally {
    await source.close();
  }
}
