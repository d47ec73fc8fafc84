import type { PublishSink } from '../ingest/publish-sink.ts';
import type { StreamRecordings } from './stream-recordings.ts';

/** Passes on what a session receives to the recording that is open at that moment. */
export function recordingSink(
  recordings: Pick<StreamRecordings, 'current'>,
  session: Pick<PublishSink, 'onConnected' | 'onClosed'>,
): PublishSink {
  return {
    ...session,
    onAccessUnit: ({ kind }, unit) => recordings.current?.accept(kind, unit),
    onSenderReport: ({ kind }, report) => recordings.current?.report(kind, report),
    onTrackRestart: ({ kind }) => recordings.current?.restartTrack(kind),
    // An RTCP BYE says that a source stops, not that the publisher leaves; the idle timer detects
    // that.
    onGoodbye: ({ kind }) => recordings.current?.goodbye(kind),
  };
}
