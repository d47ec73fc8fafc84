import { type Static, type TInteger, type TNumber, type TOptional, Type } from 'typebox';
import type { TrackKind } from '../media/access-unit.ts';
import type { StreamStatus, TrackStatus } from '../recorder.ts';
import { PERIOD_REASONS, type PeriodReason } from '../recording/period-reason.ts';
import { type TrackCounterName, type TrackGaugeName, trackFigures } from '../track-figures.ts';

/** What a track carries. */
export const TrackKindJson = Type.Unsafe<TrackKind>({
  title: 'TrackKind',
  type: 'string',
  enum: ['video', 'audio'],
});

/** The figures of a track, as `TRACK_FIGURES` describes them. */
const FIGURES_JSON = Object.fromEntries(
  trackFigures().map(([name, { type, unit, help: description }]) => {
    const schema =
      unit === 'frames/s' ? Type.Number({ description }) : Type.Integer({ description });
    return [name, type === 'counter' ? schema : Type.Optional(schema)];
  }),
) as unknown as Record<TrackCounterName, TInteger> & Record<TrackGaugeName, TOptional<TNumber>>;

/** One track of a stream, as replies show it. */
export const TrackJson = Type.Object(
  {
    kind: TrackKindJson,
    codec: Type.String({ description: 'RFC 6381 codecs string, or the name of the codec.' }),
    ...FIGURES_JSON,
    layer: Type.Optional(
      Type.Object(
        {
          rid: Type.Optional(Type.String({ description: 'Its identifier, where it has one.' })),
          width: Type.Optional(Type.Integer()),
          height: Type.Optional(Type.Integer()),
          of: Type.Integer({ description: 'How many layers came.' }),
          switches: Type.Integer({ description: 'Times that another layer followed.' }),
        },
        {
          title: 'Layer',
          description:
            'The simulcast layer that is taken, the one with the most pixels that comes; absent where the track comes in one encoding.',
        },
      ),
    ),
  },
  { title: 'Track' },
);

/** What comes and cannot be recorded. */
const UnrecordableJson = Type.Object(
  {
    kind: TrackJson.properties.kind,
    codec: Type.String({ description: 'As SDP names it.' }),
    packets_received: Type.Integer(),
    message: Type.String({ description: 'What it is and what to do about it.' }),
  },
  { title: 'Unrecordable' },
);

const status = {
  state: Type.Enum(
    ['idle', 'waiting', 'connecting', 'live', 'recording', 'degraded', 'interrupted', 'failed'],
    {
      title: 'StreamState',
      description:
        'idle: not published; waiting: will be recorded once it is published; connecting: being pulled from a node; live: published, not recorded; recording; degraded: recording, but a track does not come or cannot be recorded; interrupted: the publisher was lost and the record waits for it; failed: what comes cannot be written',
    },
  ),
  published_at: Type.Optional(
    Type.Integer({ description: 'When its publisher connected: milliseconds since the epoch.' }),
  ),
  session_id: Type.Optional(Type.String({ description: 'The WHIP session of its publisher.' })),
  source: Type.Optional(Type.String({ description: 'The node that it is pulled from.' })),
  record_id: Type.Optional(
    Type.String({ description: 'Unix second at which the recording was started.' }),
  ),
  record_dir: Type.Optional(Type.String({ description: 'Folder of the recording.' })),
  mpd_path: Type.Optional(Type.String({ description: 'Object path of the manifest.' })),
  started_at: Type.Optional(
    Type.Integer({ description: 'Start of the recording: microseconds since the epoch.' }),
  ),
  error: Type.Optional(Type.String({ description: 'Why it cannot be pulled or written.' })),
  period: Type.Optional(
    Type.Object(
      {
        reason: Type.Enum(Object.keys(PERIOD_REASONS) as PeriodReason[], {
          title: 'PeriodReason',
          description: inWords(PERIOD_REASONS),
        }),
        started_at: Type.Integer({ description: 'Microseconds since the epoch.' }),
      },
      {
        title: 'Period',
        description:
          'While it is recorded: the latest Period of its manifest, and why it did not go on with the one before.',
      },
    ),
  ),
  timeline_restarts: Type.Optional(
    Type.Integer({
      description:
        'Times that the sender began a new timeline (another SSRC, or timestamps that jump), each with a new Period.',
    }),
  ),
  dropped_units: Type.Optional(
    Type.Object(
      {
        undecodable: Type.Integer({
          description: 'Refer to pictures that were lost, or came before a keyframe.',
        }),
        disordered: Type.Integer({ description: 'Sound whose timestamp went back.' }),
        empty: Type.Integer({ description: 'Without a picture or sound in them.' }),
        late: Type.Integer({ description: 'Sound whose place had been filled with silence.' }),
        unwritten: Type.Integer({ description: 'Came while the disk took nothing.' }),
      },
      { title: 'DroppedUnits', description: 'Whole frames that arrived and were not recorded.' },
    ),
  ),
  tracks: Type.Array(TrackJson),
  unrecordable: Type.Optional(
    Type.Array(UnrecordableJson, { description: 'What comes, is not recorded and never can be.' }),
  ),
  rejected: Type.Optional(
    Type.Object(
      {
        authentication_failures: Type.Integer({ description: 'Forged or damaged.' }),
        replayed: Type.Integer(),
        malformed: Type.Integer(),
        unroutable: Type.Integer({ description: 'Authentic, but of no track agreed on.' }),
        strangers: Type.Integer({
          description:
            'From addresses where the publisher has not shown itself by an ICE check; dropped unread. A flood of them is kept out by the kernel, and then not counted.',
        }),
      },
      {
        title: 'RejectedPackets',
        description: 'Datagrams at the publisher’s ports that were not taken for any track.',
      },
    ),
  ),
};

const example = {
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
    description: 'What is known of it.',
    examples: [{ recording: true, id: 'cam1', ...example }],
  },
);

/** What is recorded of a stream in one folder. */
export const FolderJson = Type.Object(
  {
    folder: Type.String({ description: 'Folder of one UTC day, below the storage root.' }),
    mpd_path: Type.Optional(
      Type.String({
        description:
          'Object path of its manifest. Absent in the first seconds of a recording, which has none until both tracks have a segment.',
      }),
    ),
    start_ts: Type.Integer({ description: 'Start of the first segment.' }),
    end_ts: Type.Integer({ description: 'End of the last segment.' }),
    segments: Type.Integer({ description: 'Segments of all its tracks.' }),
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
        ...example,
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

/** A list of words with what they mean, for a description. */
function inWords(meanings: Readonly<Record<string, string>>): string {
  return Object.entries(meanings)
    .map(([word, meaning]) => `${word}: ${meaning}`)
    .join('; ');
}

/** True while there is a record that is not over. */
export function isRecording({ state, startedAtUs }: StreamStatus): boolean {
  return startedAtUs !== undefined && state !== 'idle' && state !== 'live';
}

/** A status under the names that replies use. */
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
