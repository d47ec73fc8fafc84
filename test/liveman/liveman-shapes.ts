import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/**
 * What Liveman 0.9 and later deserializes, type by type: a field without `Optional` is one without
 * which the whole reply is refused; unknown fields are let pass.
 */
const i64 = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
const i32 = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 });
const u16 = Type.Integer({ minimum: 0, maximum: 2 ** 16 - 1 });
const usize = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const text = Type.String();
const option = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Optional(Type.Union([type, Type.Null()]));

const CascadeInfo = Type.Object({
  sourceUrl: option(text),
  targetUrl: option(text),
  sessionUrl: option(text),
});

const Session = Type.Object({
  id: text,
  createdAt: i64,
  leaveAt: i64,
  state: Type.Enum(['new', 'connecting', 'connected', 'disconnected', 'failed', 'closed']),
  cascade: option(CascadeInfo),
  hasDataChannel: Type.Boolean(),
});

const PubSub = Type.Object({ leaveAt: i64, sessions: Type.Array(Session) });

/** `GET /api/streams/`, and the data of each server-sent event. */
const Streams = Type.Array(
  Type.Object({
    id: text,
    createdAt: i64,
    publish: PubSub,
    subscribe: PubSub,
    codecs: Type.Array(Type.Object({ kind: text, codec: text, fmtp: text })),
    provisioned: Type.Optional(Type.Boolean()),
    onDemand: Type.Optional(Type.Boolean()),
  }),
);

/** `GET /api/strategy/` */
const Strategy = Type.Object({
  each_stream_max_sub: Type.Optional(u16),
  cascade_push_close_sub: Type.Optional(Type.Boolean()),
  auto_create_whip: Type.Optional(Type.Boolean()),
  auto_create_whep: Type.Optional(Type.Boolean()),
  auto_delete_whip: Type.Optional(i64),
  auto_delete_whep: Type.Optional(i64),
});

/** `GET /api/recordings` */
const PullRecordings = Type.Object({
  sessions: Type.Array(
    Type.Object({
      id: option(text),
      stream: text,
      start_ts: i64,
      end_ts: option(i64),
      duration_ms: option(i32),
      mpd_path: text,
      status: Type.Enum(['Active', 'Completed', 'Failed', 'Acked']),
    }),
  ),
  last_ts: option(i64),
});

/** `POST /api/record/{stream}` */
const StartRecord = Type.Object({
  id: text,
  record_id: Type.Optional(text),
  record_dir: Type.Optional(text),
  mpd_path: text,
});

/** Replies by what they answer. */
export const livemanShapes = {
  streams: Compile(Streams),
  strategy: Compile(Strategy),
  recordings: Compile(PullRecordings),
  acked: Compile(Type.Object({ acked: usize })),
  deleted: Compile(Type.Object({ deleted: usize })),
  started: Compile(StartRecord),
  status: Compile(Type.Object({ recording: Type.Boolean() })),
};

/**
 * Parses a reply as strictly as Liveman does.
 * @throws Error that says what it could not read
 */
export function parseAsLiveman<Name extends keyof typeof livemanShapes>(
  name: Name,
  json: string,
): ReturnType<(typeof livemanShapes)[Name]['Parse']> {
  // An integer may not be written as 1e3 or 1.0, which JavaScript does not tell apart. The frame rate is
  // none, and nothing that Liveman reads.
  if (/(?<!"frames_per_second")[[:,]\s*-?\d+[.eE]/.test(json))
    throw new Error(`${name}: not an integer in ${json}`);
  const shape = livemanShapes[name];
  const value: unknown = JSON.parse(json);
  if (!shape.Check(value)) {
    throw new Error(`${name}: ${JSON.stringify(shape.Errors(value))} in ${json}`);
  }
  return value as ReturnType<(typeof livemanShapes)[Name]['Parse']>;
}
