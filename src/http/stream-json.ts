import { type Static, type TInteger, type TNumber, type TOptional, Type } from 'typebox';
import { PERIOD_REASONS, type PeriodReason } from '../facts/period-reason.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { StreamStatus, TrackStatus } from '../recorder.ts';
import { type TrackCounterName, type TrackGaugeName, trackFigures } from '../track-figures.ts';

/** Kind of media of a track. */
export const TrackKindJson = Type.Unsafe<TrackKind>({
  title: 'TrackKind',
  type: 'string',
  enum: ['video', 'audio'],
});

/** Schema of the figures in `TRACK_FIGURES`. */
const FIGURES_JSON = Object.fromEntries(
  trackFigures().map(([name, { type, unit, help: description }]) => {
    const schema =
      unit === 'frames/s' ? Type.Number({ description }) : Type.Integer({ description });
    return [name, type === 'counter' ? schema : Type.Optional(schema)];
  }),
) as unknown as Record<TrackCounterName, TInteger> & Record<TrackGaugeName, TOptional<TNumber>>;

/** A track of a stream, as replies show it. */
export const TrackJson = Type.Object(
  {
    kind: TrackKindJson,
    codec: Type.String({ description: 'Codecs string (RFC 6381), or the name of the codec.' }),
    ...FIGURES_JSON,
    layer: Type.Optional(
      Type.Object(
        {
          rid: Type.Optional(
            Type.String({
              description: 'Restriction identifier (RFC 8851) of the layer, if it has one.',
            }),
          ),
          width: Type.Optional(Type.Integer()),
          height: Type.Optional(Type.Integer()),
          of: Type.Integer({ description: 'Number of layers received.' }),
          switches: Type.Integer({ description: 'Number of changes to another layer.' }),
        },
        {
          title: 'Layer',
          description:
            'The simulcast layer that is recorded: of those received, the one with the most pixels. Absent if the track has a single encoding.',
        },
      ),
    ),
  },
  { title: 'Track' },
);

/** Media that is received and cannot be recorded. */
const UnrecordableJson = Type.Object(
  {
    kind: TrackJson.properties.kind,
    codec: Type.String({ description: 'Encoding name in SDP.' }),
    packets_received: Type.Integer(),
    message: Type.String({ description: 'Why it cannot be recorded, and what to do about it.' }),
  },
  { title: 'Unrecordable' },
);

const status = {
  state: Type.Enum(
    ['idle', 'waiting', 'connecting', 'live', 'recording', 'degraded', 'interrupted', 'failed'],
    {
      title: 'StreamState',
      description:
        'idle: not published; waiting: will be recorded once it is published; connecting: connecting to the node it is pulled from; live: published, but not recorded; recording; degraded: recording, but a track is missing or cannot be recorded; interrupted: the publisher was lost, and the record continues if it returns in time; failed: the stream cannot be pulled or written',
    },
  ),
  published_at: Type.Optional(
    Type.Integer({
      description: 'When the publisher connected, in milliseconds since the Unix epoch.',
    }),
  ),
  session_id: Type.Optional(
    Type.String({ description: 'Identifier of the session with the publisher.' }),
  ),
  source: Type.Optional(Type.String({ description: 'The node that the stream is pulled from.' })),
  record_id: Type.Optional(
    Type.String({ description: 'Identifier of the record: a Unix time in seconds, ten digits.' }),
  ),
  record_dir: Type.Optional(
    Type.String({ description: 'Object path of the folder that is recorded to.' }),
  ),
  mpd_path: Type.Optional(Type.String({ description: 'Object path of the manifest.' })),
  started_at: Type.Optional(
    Type.Integer({ description: 'Start of the recording, in microseconds since the Unix epoch.' }),
  ),
  error: Type.Optional(Type.String({ description: 'Why the stream cannot be pulled or written.' })),
  period: Type.Optional(
    Type.Object(
      {
        reason: Type.Enum(Object.keys(PERIOD_REASONS) as PeriodReason[], {
          title: 'PeriodReason',
          description: inWords(PERIOD_REASONS),
        }),
        started_at: Type.Integer({ description: 'Start, in microseconds since the Unix epoch.' }),
      },
      {
        title: 'Period',
        description:
          'During a recording: the latest Period of its manifest, and why it was started.',
      },
    ),
  ),
  timeline_restarts: Type.Optional(
    Type.Integer({
      description:
        'How often the sender started a new timeline (another SSRC, or timestamps that jump), each time with a new Period.',
    }),
  ),
  dropped_units: Type.Optional(
    Type.Object(
      {
        undecodable: Type.Integer({
          description: 'Pictures that refer to a lost one, or precede the first keyframe.',
        }),
        disordered: Type.Integer({ description: 'Sound whose timestamp went backwards.' }),
        empty: Type.Integer({ description: 'Units without a picture or sound.' }),
        late: Type.Integer({
          description: 'Sound that arrived after its place had been filled with silence.',
        }),
        unwritten: Type.Integer({
          description: 'Units that arrived while nothing could be written.',
        }),
      },
      {
        title: 'DroppedUnits',
        description: 'Complete frames that were received but not recorded.',
      },
    ),
  ),
  tracks: Type.Array(TrackJson),
  unrecordable: Type.Optional(
    Type.Array(UnrecordableJson, { description: 'Received media that cannot be recorded.' }),
  ),
  rejected: Type.Optional(
    Type.Object(
      {
        authentication_failures: Type.Integer({ description: 'Forged or damaged packets.' }),
        replayed: Type.Integer(),
        malformed: Type.Integer(),
        unroutable: Type.Integer({
          description: 'Authentic packets that belong to no negotiated track.',
        }),
        strangers: Type.Integer({
          description:
            'Datagrams from addresses without a valid ICE connectivity check, dropped unread. A flood of them is filtered by the kernel and then not counted.',
        }),
      },
      {
        title: 'RejectedPackets',
        description: 'Datagrams at the ports of the publisher that were discarded.',
      },
    ),
  ),
};

const EXAMPLE = {
  state: 'recording',
  published_at: 1753315199500,
  session_id: '0f5b6c1e',
  record_id: '1753315200',
  record_dir: 'cam1/2025/07/24',
  mpd_path: 'cam1/2025/07/24/manifest.mpd',
  started_at: 1753315200000000,
  period: { reason: 'start' as const, started_at: 1753315200000000 },
  tracks: [
    {
      kind: 'video',
      codec: 'avc1.42e01f',
      packets_received: 8123,
      packets_lost: 0,
      packets_recovered: 12,
      packets_restored: 0,
      packets_dropped: 0,
      access_units: 900,
      access_units_broken: 0,
      keyframes: 15,
      concealed_ms: 0,
      nacks_sent: 9,
      plis_sent: 1,
      bytes: 9437184,
      bits_per_second: 2516582,
      frames_per_second: 30,
      width: 1280,
      height: 720,
    },
  ],
};

/** Reply of `GET /api/record/{stream}`. */
export const RecordStatusJson = Type.Object(
  { recording: Type.Boolean(), id: Type.String({ description: 'The stream.' }), ...status },
  {
    title: 'RecordingStatus',
    description: 'The state of the recording.',
    examples: [{ recording: true, id: 'cam1', ...EXAMPLE }],
  },
);

/** The recordings of a stream in one folder. */
export const FolderJson = Type.Object(
  {
    folder: Type.String({ description: 'Object path of the folder of one UTC day.' }),
    mpd_path: Type.Optional(
      Type.String({
        description:
          'Object path of the manifest. Absent in the first seconds of a recording, because there is no manifest until both tracks have a segment.',
      }),
    ),
    start_ts: Type.Integer({ description: 'Start of the first segment.' }),
    end_ts: Type.Integer({ description: 'End of the last segment.' }),
    segments: Type.Integer({ description: 'Number of segments of all tracks.' }),
    bytes: Type.Integer(),
  },
  { title: 'RecordedFolder' },
);

/** One element of the reply of `GET /api/recorder/streams`. */
export const StreamJson = Type.Object(
  { stream: Type.String(), ...status, recordings: Type.Array(FolderJson) },
  {
    title: 'Stream',
    examples: [
      {
        stream: 'cam1',
        ...EXAMPLE,
        recordings: [
          {
            folder: 'cam1/2025/07/24',
            mpd_path: 'cam1/2025/07/24/manifest.mpd',
            start_ts: 1753315200000000,
            end_ts: 1753315230000000,
            segments: 6,
            bytes: 9437184,
          },
        ],
      },
    ],
  },
);

/** Renders words and their meanings for a description. */
function inWords(meanings: Readonly<Record<string, string>>): string {
  return Object.entries(meanings)
    .map(([word, meaning]) => `${word}: ${meaning}`)
    .join('; ');
}

/** True while a record is open. */
export function isRecording({ state, startedAtUs }: StreamStatus): boolean {
  return startedAtUs !== undefined && state !== 'idle' && state !== 'live';
}

/** Renames the properties of a status to those of replies. */
export function statusJson(
  from: StreamStatus,
): Omit<Static<typeof StreamJson>, 'stream' | 'recordings'> {
  return {
    state: from.state,
    ...(from.publishedAtMs !== undefined && { published_at: from.publishedAtMs }),
    ...(from.sessionId !== undefined && { session_id: from.sessionId }),
    ...(from.source !== undefined && { source: from.source }),
    ...(from.recordId !== undefined && { record_id: from.recordId }),
    ...(from.recordDir !== undefined && { record_dir: from.recordDir }),
    ...(from.mpdPath !== undefined && { mpd_path: from.mpdPath }),
    ...(from.startedAtUs !== undefined && { started_at: from.startedAtUs }),
    ...(from.error !== undefined && { error: from.error }),
    ...(from.period && {
      period: { reason: from.period.reason, started_at: from.period.startUs },
    }),
    ...(from.timelineRestarts !== undefined && { timeline_restarts: from.timelineRestarts }),
    ...(from.droppedUnits && { dropped_units: { ...from.droppedUnits } }),
    tracks: from.tracks.map(trackJson),
    ...(from.unrecordable && {
      unrecordable: from.unrecordable.map(({ packetsReceived, ...other }) => ({
        ...other,
        packets_received: packetsReceived,
      })),
    }),
    ...(from.rejected && {
      rejected: {
        authentication_failures: from.rejected.authenticationFailures,
        replayed: from.rejected.replayed,
        malformed: from.rejected.malformed,
        unroutable: from.rejected.unroutable,
        strangers: from.rejected.strangers,
      },
    }),
  };
}

function trackJson(track: TrackStatus): Static<typeof TrackJson> {
  return {
    kind: track.kind,
    codec: track.codec,
    ...track.figures,
    ...(track.layer && { layer: track.layer }),
  };
}
