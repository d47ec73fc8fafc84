import type { Test } from 'tap';
import { type TestApp, testApp } from '../http/test-app.ts';
import { type SimulatedOptions, SimulatedPublisher } from '../recording/simulated-publisher.ts';

/** The HTTP side over a real recording, with its index. */
export interface RecordedApp extends TestApp {
  publisher: SimulatedPublisher;
  /** Lists what was recorded since it was called last. */
  list(): Promise<void>;
}

/**
 * Records `cam1` below the root of a {@link testApp} and lists it; the recording is closed unless it is
 * to go on, and then `list` also shows its manifest to the recorder's stand-in.
 * @param toml more of live777.toml
 */
export async function recordedApp(
  t: Test,
  record: (publisher: SimulatedPublisher) => Promise<void>,
  {
    toml = '',
    goesOn = false,
    ...options
  }: SimulatedOptions & { toml?: string; goesOn?: boolean } = {},
): Promise<RecordedApp> {
  const app = await testApp(t, toml);
  const reports = { videoReportUs: 0, audioReportUs: 0 };
  const publisher = new SimulatedPublisher(t, { ...reports, ...options }, app.root);
  let listed = 0;
  const list = async () => {
    await publisher.recording.written();
    // A live manifest is a moment older than what it names.
    if (goesOn) await publisher.run(1.5);
    for (; listed < publisher.segments.length; listed++) {
      await app.segmentIndex.add(publisher.segments[listed]!);
    }
    const { manifestPath } = publisher.recording;
    const text = publisher.recording.manifest(manifestPath);
    if (goesOn && text !== undefined) app.recorder.manifests.set(manifestPath, text);
  };
  // Before its folder is removed.
  t.teardown(() => publisher.recording.close());
  await record(publisher);
  if (!goesOn) await publisher.recording.close();
  await list();
  return { ...app, publisher, list };
}
