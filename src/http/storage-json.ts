import { Type } from 'typebox';

const when = (description: string) =>
  Type.Integer({ description: `${description}: milliseconds since the epoch.` });

/** Reply of `GET /api/storage`. */
export const StorageJson = Type.Object(
  {
    type: Type.Enum(['fs', 's3', 'oss']),
    name: Type.String({ description: 'Where recordings are kept.' }),
    state: Type.Enum(['ok', 'delayed', 'alarm', 'full'], {
      title: 'StorageState',
      description:
        'ok; delayed: the bucket does not answer for now, or something waits for over a minute; alarm: somebody must act: the bucket refuses files or everything, or much waits; full: nothing new is recorded, because too much waits for upload or the disk is full',
    }),
    free_bytes: Type.Integer({
      description: 'What the disk of the folder or of the spool still takes.',
    }),
    spool: Type.Optional(
      Type.String({ description: 'The folder in which recordings wait for their upload.' }),
    ),
    waiting_files: Type.Integer({ description: 'Files that the bucket does not have yet.' }),
    waiting_bytes: Type.Integer({ description: 'Bytes of them.' }),
    max_waiting_bytes: Type.Optional(
      Type.Integer({ description: 'What may wait before `spool_full` sets in.' }),
    ),
    oldest_waiting: Type.Optional(when('When the oldest of them was recorded')),
    parked_files: Type.Integer({
      description: 'Those of them that the bucket refuses; they are tried again now and then.',
    }),
    dropped_files: Type.Integer({
      description: 'Segments deleted without upload since the start, by `spool_full`.',
    }),
    uploaded_files: Type.Integer({ description: 'Since the start.' }),
    failures: Type.Integer({ description: 'Uploads that failed since the start.' }),
    bytes_per_second: Type.Integer({ description: 'Uploaded over the last minute.' }),
    last_error: Type.Optional(
      Type.Object(
        {
          at: when('When it came'),
          code: Type.String({ description: 'Code of the provider or of the system.' }),
          message: Type.String(),
        },
        {
          title: 'UploadFailure',
          description: 'The last failed upload, also when all is well since.',
        },
      ),
    ),
  },
  {
    title: 'Storage',
    description: 'How it goes with the storage.',
    examples: [
      {
        type: 's3',
        name: 's3://recordings/node-1',
        state: 'delayed',
        free_bytes: 480000000000,
        spool: '/var/spool/recorder',
        waiting_files: 12,
        waiting_bytes: 37748736,
        max_waiting_bytes: 400000000000,
        oldest_waiting: 1753315200000,
        parked_files: 0,
        dropped_files: 0,
        uploaded_files: 8640,
        failures: 3,
        bytes_per_second: 3145728,
        last_error: {
          at: 1753315260000,
          code: 'ECONNREFUSED',
          message: 's3://recordings/node-1: put cam1/2025/07/24/seg_0001.m4s failed (ECONNREFUSED)',
        },
      },
    ],
  },
);
