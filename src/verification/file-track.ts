import type { Codec } from '../codecs/codec.ts';
import { codecNamed, likelyCodec } from '../codecs/registry.ts';
import { readSegmentHead } from '../containers/read-head.ts';
import { containerNamed, timescaleOf } from '../containers/registry.ts';
import { type FolderFile, parseFileName } from '../layout/file-names.ts';
import type { RecordingFiles } from './recording-files.ts';

/** The track of a segment file, as far as it can be found without a manifest. */
export interface FileTrack {
  codec: Codec;
  /** Ticks per second. */
  timescale: number;
}

/**
 * The track of a segment file that no manifest names: that of the initialization segment named in
 * its head or, if that is missing or damaged, the most likely one for its file name.
 * @param name of a segment, which may be a part file
 * @throws what {@link RecordingFiles.open} throws
 */
export async function trackOfFile(files: RecordingFiles, name: string): Promise<FileTrack> {
  const file = parseFileName(name)!;
  const initialization = await initializationOf(files, name, file);
  const container = containerNamed(file.container);
  const configuration = initialization && container.readConfiguration(initialization);
  const facts = initialization && container.readInitialization(initialization);
  return {
    codec: (configuration && codecNamed(configuration.codec)) ?? likelyCodec(file.kind),
    timescale: facts?.timescale ?? timescaleOf(file),
  };
}

async function initializationOf(
  files: RecordingFiles,
  name: string,
  file: FolderFile,
): Promise<Buffer | undefined> {
  const source = await files.open(name);
  if (source === undefined) return undefined;
  try {
    const { origin } = await readSegmentHead(source, file);
    // The head may be damaged, so the name in it is only opened if it is one of ours.
    if (origin === undefined || parseFileName(origin.initialization)?.type !== 'init') {
      return undefined;
    }
    return await files.read(origin.initialization);
  } finally {
    await source.close();
  }
}
