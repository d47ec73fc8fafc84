import { unrecordableInWords } from '../ingest/unrecordable-audio.ts';
import { carriesMedia } from '../media/payload-format.ts';
import type { StreamStatus, TrackStatus } from '../recorder.ts';
import type { Recording } from '../recording/recording.ts';
import type { LayerStatistics } from '../rtp/layered-track.ts';
import { readFigures } from '../track-figures.ts';
import type { RateMeter } from './rate-meter.ts';
import { type StreamSession, unrecordableOf } from './stream-session.ts';

/** The state of the tracks that a session receives and of their recording. */
export function sessionStatus(
  current: StreamSession | undefined,
  recording: Recording | undefined,
  rates: RateMeter,
): Pick<StreamStatus, 'tracks' | 'rejected' | 'unrecordable'> {
  const { rtp, ice } = current?.session.statistics() ?? {};
  if (current === undefined || rtp === undefined) return { tracks: [] };
  const tracks: TrackStatus[] = [];
  for (const section of current.session.sections) {
    const track = rtp.tracks.get(section.mid);
    if (track === undefined) continue;
    tracks.push({
      kind: section.kind,
      codec:
        recording?.codecString(section.kind) ??
        section.formats.find(carriesMedia)?.codec ??
        'unknown',
      figures: readFigures({
        received: track,
        rates: rates.ratesOf(section.mid, track),
        concealedMs: recording?.concealedMs(section.kind) ?? 0,
        pictureSize: section.kind === 'video' ? recording?.pictureSize : undefined,
      }),
      ...layerStatus(track.layer),
    });
  }
  const { authenticationFailures, replayed, malformed, unroutable } = rtp;
  const strangers = ice?.strangers ?? 0;
  const unrecordable = unrecordableOf(current);
  return {
    tracks,
    ...(unrecordable.length > 0 && {
      unrecordable: unrecordable.map(({ kind, encodingName: codec, packets }) => ({
        kind,
        codec,
        packetsReceived: packets,
        message: unrecordableInWords(codec),
      })),
    }),
    rejected: { authenticationFailures, replayed, malformed, unroutable, strangers },
  };
}

function layerStatus(layer: LayerStatistics | undefined): Pick<TrackStatus, 'layer'> {
  if (layer === undefined) return {};
  const { rid, size, of, switches } = layer;
  return { layer: { ...(rid !== undefined && { rid }), ...size, of, switches } };
}
