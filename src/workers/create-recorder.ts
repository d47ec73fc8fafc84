import { steadyNowUs } from '../clock/steady-clock.ts';
import type { Config } from '../config/config.ts';
import { recoverAfterCrash } from '../day-folder/crash-recovery.ts';
import { FolderOwners } from '../day-folder/folder-owners.ts';
import { RecordingEvents, type RecordingEventsTarget } from '../events/recording-events.ts';
import { folderEnds } from '../index-rebuild/folder-ends.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { Recorder } from '../recorder.ts';
import type { FolderEditor } from '../retention/folder-editor.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import { Sources } from '../sources/sources.ts';
import type { SpooledStore } from '../storage/spooled-store.ts';
import type { LeftFolder } from '../streams/calls.ts';
import type { ThreadLog } from '../streams/messages.ts';
import type { WorkerSettings } from '../streams/worker-settings.ts';
import { FactSink } from './fact-sink.ts';
import { RecorderHost } from './recorder-host.ts';
import { checkUdpPorts } from './udp-ports.ts';
import { Uploads } from './uploads.ts';

/**
 * Closes what a crash left open, starts the media workers and returns the recorder that distributes
 * streams over them, the view of other nodes, the way to change day folders, and what applies another
 * configuration.
 * @param bucket present if files are moved from this disk to a store; uploads begin here, after the
 * recovery and before any recording
 * @param lock file name of this recorder's lock on the storage root
 * @param events to which recordings report
 * @param meanwhile work for this thread while those of the workers load their modules
 * @throws the error that ended a worker, or that of `meanwhile`; the file system's error; Refusal
 * `no-free-port` if another program has the port of a worker
 */
export async function createRecorder(
  config: Config,
  index: SegmentIndex,
  catalogue: RecordCatalogue,
  log: ThreadLog,
  bucket?: SpooledStore,
  lock?: string,
  events?: RecordingEventsTarget,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<{
  recorder: Recorder;
  sources: Sources;
  folders: FolderEditor;
  apply: RecorderHost['apply'];
}> {
  const {
    sources: nodes,
    storage,
    retention: _retention,
    webhooks: _webhooks,
    diskWarnings: _marks,
    ...recorder
  } = config.recorder;
  const { webrtc, iceServers } = config;
  await checkUdpPorts(webrtc, recorder.workers, log);
  const root = storage.type === 'fs' ? storage.root : storage.spool.folder;
  const isRemote = bucket !== undefined;
  const settings: WorkerSettings = { webrtc, iceServers, recorder, root, lock, isRemote };
  const uploads = bucket && new Uploads(bucket, index, log);
  const reports = events && new RecordingEvents(events);
  const facts = new FactSink(index, catalogue, uploads, log, reports);
  const unclosed = await closeAfterCrash(settings, index, facts, uploads, log);
  await uploads?.start();
  // After the recovery, because the index now knows where each record ends.
  const abandoned = await catalogue.completeAbandoned(folderEnds(index.folders()), (record) =>
    reports?.take({ type: 'record', record }),
  );
  if (abandoned > 0) log.warn({ records: abandoned }, 'ended the records that a crash left open');
  const host = new RecorderHost({ settings, index, facts, uploads, log });
  try {
    await Promise.all([host.ready(), meanwhile()]);
  } catch (error) {
    await host.close();
    throw error;
  }
  for (const left of unclosed) host.closeLater(left);
  const { autoStreams, shard, resumeGraceSeconds } = recorder;
  const sources = new Sources({
    sources: nodes,
    autoStreams,
    ...(shard && { shard }),
    resumeGraceMs: resumeGraceSeconds * 1000,
    log,
    events: host.pulls,
  });
  host.follow(sources);
  return { recorder: host, sources, folders: host, apply: (next) => host.apply(next) };
}

/** @returns the folders that cannot be closed now; recovered segments are in the index */
async function closeAfterCrash(
  { root, lock }: WorkerSettings,
  index: SegmentIndex,
  facts: FactSink,
  uploads: Uploads | undefined,
  log: ThreadLog,
): Promise<LeftFolder[]> {
  const streams = new Map(index.folders().map(({ folder, stream }) => [folder, stream]));
  const unclosed: LeftFolder[] = [];
  await recoverAfterCrash({
    root,
    streamOf: (folder) => streams.get(folder),
    isKnown: (path) => index.has(path),
    indexedUs: index.lastCreatedAt,
    nowUs: steadyNowUs(),
    onFact: (fact) => facts.take(fact),
    onUnclosed: (stream, folder, dayUs) => unclosed.push({ stream, folder, dayUs }),
    ...(uploads && { remote: uploads }),
    ...(lock !== undefined && { owners: new FolderOwners(root, lock) }),
    log,
  });
  await facts.idle();
  return unclosed;
}
