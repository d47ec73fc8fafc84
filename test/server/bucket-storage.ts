import { ROOT_KEYS } from '../storage/servers/versitygw.ts';

/** `[recorder.storage]` for a bucket `recordings` of a versitygw. */
export function s3Storage(endpoint: string, more: Record<string, string | string[]> = {}) {
  return {
    type: 's3',
    bucket: 'recordings',
    root: '/node 1/',
    region: 'us-east-1',
    endpoint,
    access_key_id: ROOT_KEYS.accessKeyId,
    secret_access_key: ROOT_KEYS.secretAccessKey,
    disable_config_load: true,
    ...more,
  };
}

/** Keys of the OSS server's user. */
export const OSS_KEYS = { TESTKEYID: { secret: 'the secret of the test' } };

/** `[recorder.storage]` for a bucket `recordings` of the OSS server. */
export function ossStorage(port: number, more: Record<string, string | string[]> = {}) {
  return {
    type: 'oss',
    bucket: 'recordings',
    root: '/node 1/',
    region: 'oss-cn-hangzhou',
    endpoint: `http://localhost:${port}`,
    access_key_id: 'TESTKEYID',
    access_key_secret: OSS_KEYS.TESTKEYID.secret,
    ...more,
  };
}
