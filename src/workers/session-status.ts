import type { WhepSession } from '../ingest/whep-session.ts';
import type { WhipSession } from '../ingest/whip-session.ts';
import type { StreamStatus, TrackStatus } from '../recorder.ts';

/** What is known of what a session receives. */
export function sessionStatus(
  session: WhipSession | WhepSession | undefined,
): Pick<StreamStatus, 'tracks' | 'rejected'> {
  const rtp = session?.statistics().rtp;
  if (session === undefined || rtp === undefined) return { tracks: [] };
  const tracks: TrackStatus[] = [];
  for (const section of session.sections) {
    const track = rtp.tracks.get(section.mid);
    if (track === undefined) continue;
    tracks.push({
      kind: section.kind,
      codec: section.formats.find((format) => format.codec !== 'rtx')?.codec ?? 'unknown',
      packetsReceived: track.packetsReceived,
      packetsLost: track.packetsLost,
      packetsRecovered: track.packetsRecovered,
      packetsDropped: track.malformed + track.duplicates,
      accessUnits: track.accessUnits,
      keyframes: track.keyframes,
      bytes: track.bytes,
    });
  }
  const { authenticationFailures, replayed, malformed, unroutable } = rtp;
  return { tracks, rejected: { authenticationFailures, replayed, malformed, unroutable } };
}
