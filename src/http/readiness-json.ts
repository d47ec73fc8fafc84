import { Type } from 'typebox';

const Part = Type.Object(
  {
    status: Type.Enum(['ok', 'degraded', 'failed'], {
      title: 'ReadinessPartStatus',
      description:
        'degraded: nothing is lost, and somebody should look; failed: what is published now would not be recorded.',
    }),
    reason: Type.Optional(Type.String({ description: 'Why it is not ok.' })),
  },
  { title: 'ReadinessPart' },
);

/** Reply of `GET /readyz`. */
export const ReadinessJson = Type.Object(
  {
    status: Type.Enum(['ready', 'unavailable'], { title: 'ReadinessStatus' }),
    parts: Type.Optional(
      Type.Object(
        { workers: Part, storage: Part, spool: Part, index: Part, disk: Part },
        {
          title: 'ReadinessParts',
          description:
            'Present for callers who may read all streams: the threads that record; the folder of the recordings, or the bucket; what waits for upload; the segment index; the disk of recordings or spool.',
        },
      ),
    ),
  },
  { title: 'Readiness' },
);
