import { Type } from 'typebox';

const when = (description: string) =>
  Type.Integer({ description: `${description}, in milliseconds since the Unix epoch.` });

/** Reply of `GET /api/storage`. */
export const StorageJson = Type.Object(
  {
    type: Type.Enum(['fs', 's3', 'oss']),
    name: Type.String({ description: 'Where recordings are kept.' }),
    state: Type.Enum(['ok', 'delayed', 'alarm', 'full'], {
      title: 'StorageState',
      description:
        'ok; delayed: the bucket does not respond at the moment, or a file has been waiting for more than a minute; alarm: an operator has to act, because the bucket refuses requests, much data is waiting, or the disk has less free space or inodes than one of `disk_warnings`; full: no new recording is started, because too much data is waiting or the disk is full',
    }),
    free_bytes: Type.Integer({
      description: 'Free space on the disk of the storage root or of the spool.',
    }),
    total_bytes: Type.Integer({ description: 'Size of this disk.' }),
    free_inodes: Type.Optional(
      Type.Integer({
        description:
          'Number of files that can still be created on it, if the file system limits it.',
      }),
    ),
    full_in_seconds: Type.Optional(
      Type.Integer({
        description:
          'Time until it is full at the rate of the last day, in seconds; absent if it does not fill, and in the first ten minutes.',
      }),
    ),
    spool: Type.Optional(
      Type.String({ description: 'The folder in which files wait for upload.' }),
    ),
    waiting_files: Type.Integer({ description: 'Number of files that are waiting for upload.' }),
    waiting_bytes: Type.Integer({ description: 'Total size of these files in bytes.' }),
    max_waiting_bytes: Type.Optional(
      Type.Integer({ description: 'Bytes that may wait before `spool_full` takes effect.' }),
    ),
    oldest_waiting: Type.Optional(when('When the oldest of these files was recorded')),
    parked_files: Type.Integer({
      description:
        'Number of these files that the bucket refuses; they are retried every ten minutes.',
    }),
    dropped_files: Type.Integer({
      description: 'Number of segments that `spool_full` deleted without upload since the start.',
    }),
    uploaded_files: Type.Integer({ description: 'Number of uploaded files since the start.' }),
    failures: Type.Integer({ description: 'Number of failed uploads since the start.' }),
    bytes_per_second: Type.Integer({ description: 'Upload rate over the last minute.' }),
    last_error: Type.Optional(
      Type.Object(
        {
          at: when('When it occurred'),
          code: Type.String({
            description: 'Error code of the provider or of the operating system.',
          }),
          message: Type.String(),
        },
        {
          title: 'UploadFailure',
          description: 'The last failed upload, even if later ones succeeded.',
        },
      ),
    ),
  },
  {
    title: 'Storage',
    description: 'The state of the storage.',
    examples: [
      {
        type: 's3',
        name: 's3://recordings/node-1',
        state: 'delayed',
        free_bytes: 480000000000,
        total_bytes: 960000000000,
        free_inodes: 58000000,
        full_in_seconds: 864000,
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
