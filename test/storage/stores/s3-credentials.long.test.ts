import type { IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import t from 'tap';
import type { S3Storage } from '../../../src/storage/storage-options.ts';
import { openS3Store } from '../../../src/storage/stores/s3-store.ts';
import { startFaultProxy } from '../servers/fault-proxy.ts';
import { startMetadataServer } from '../servers/metadata-server.ts';
import { ROOT_KEYS, startVersitygw } from '../servers/versitygw.ts';
import { withoutAwsEnvironment } from './aws-environment.ts';
import { all, failureOf } from './store-suite.ts';

const MP4 = { contentType: 'video/mp4' };
const ROLE = {
  accessKeyId: 'ASIAROLEOFTHETEST',
  secretAccessKey: 'role-secret',
  sessionToken: 'role/session+token==',
};

t.setTimeout(600_000);
const server = await startVersitygw(t, { buckets: ['recordings'] });
if (server) {
  const proxy = await startFaultProxy(t, server.port);
  const config: S3Storage = {
    type: 's3',
    bucket: 'recordings',
    root: '',
    endpoint: proxy.endpoint,
    region: 'us-east-1',
    disableConfigLoad: false,
    enableVirtualHostStyle: false,
  };
  /** Puts one object and tells the headers that came. */
  const headersOfPut = async (storage: S3Storage): Promise<IncomingHttpHeaders> => {
    let headers: IncomingHttpHeaders = {};
    proxy.fault = (call) => {
      if (call.method !== 'PUT') return undefined;
      headers = call.headers;
      return { status: 503, code: 'SlowDown' };
    };
    const store = openS3Store(storage);
    await store.put('a', Buffer.from('a'), MP4).catch(() => {});
    await store.close();
    proxy.fault = () => undefined;
    return headers;
  };

  await t.test('keys of the environment', async (t) => {
    withoutAwsEnvironment(t);
    process.env.AWS_ACCESS_KEY_ID = ROOT_KEYS.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = ROOT_KEYS.secretAccessKey;
    const store = openS3Store(config);
    t.teardown(() => store.close());
    await store.put('environment', Buffer.from('a'), MP4);
    t.equal((await store.head('environment'))?.size, 1);
  });

  await t.test('keys and region of a profile', async (t) => {
    withoutAwsEnvironment(t);
    const folder = t.testdir({
      credentials: `[rec]\naws_access_key_id = ${ROOT_KEYS.accessKeyId}\naws_secret_access_key = ${ROOT_KEYS.secretAccessKey}\n`,
      config: '[profile rec]\nregion = us-east-1\n',
    });
    process.env.AWS_SHARED_CREDENTIALS_FILE = path.join(folder, 'credentials');
    process.env.AWS_CONFIG_FILE = path.join(folder, 'config');
    process.env.AWS_PROFILE = 'rec';
    const { region: _, ...unset } = config;
    proxy.calls.length = 0;
    const store = openS3Store(unset);
    t.teardown(() => store.close());
    await store.put('profile', Buffer.from('a'), MP4);
    t.notOk(proxy.calls.includes('HEAD /recordings'), 'the profile names the region');
  });

  await t.test('keys of a role', async (t) => {
    withoutAwsEnvironment(t);
    const metadata = await startMetadataServer(t, ROLE);
    process.env.AWS_EC2_METADATA_DISABLED = 'false';
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = metadata.endpoint;
    const headers = await headersOfPut(config);
    t.match(
      headers.authorization,
      new RegExp(`Credential=${ROLE.accessKeyId}/.*x-amz-security-token`),
    );
    t.equal(headers['x-amz-security-token'], ROLE.sessionToken);
    t.ok(metadata.calls.length > 0);
  });

  await t.test('a configured session token is sent and signed', async (t) => {
    withoutAwsEnvironment(t);
    const headers = await headersOfPut({ ...config, ...ROLE });
    t.match(
      headers.authorization,
      new RegExp(`Credential=${ROLE.accessKeyId}/.*x-amz-security-token`),
    );
    t.equal(headers['x-amz-security-token'], ROLE.sessionToken);
  });

  await t.test('disable_config_load takes nothing from elsewhere', async (t) => {
    withoutAwsEnvironment(t);
    const metadata = await startMetadataServer(t, ROLE);
    const folder = t.testdir({
      config: `[default]\nregion = eu-trap-1\nendpoint_url = ${metadata.endpoint}\n`,
    });
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'trap',
      AWS_SECRET_ACCESS_KEY: 'trap',
      AWS_SESSION_TOKEN: 'trap',
      AWS_REGION: 'eu-trap-1',
      AWS_ENDPOINT_URL: metadata.endpoint,
      AWS_ENDPOINT_URL_S3: metadata.endpoint,
      AWS_CONFIG_FILE: path.join(folder, 'config'),
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_USE_DUALSTACK_ENDPOINT: 'true',
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.endpoint,
    });
    const { region: _, ...unset } = config;
    const alone = { ...unset, disableConfigLoad: true };
    const explicit = openS3Store({ ...alone, ...ROOT_KEYS });
    t.teardown(() => explicit.close());
    await explicit.put('alone', Buffer.from('a'), MP4);
    t.equal((await explicit.head('alone'))?.size, 1);

    const headers = await headersOfPut(alone);
    t.ok(headers['x-amz-checksum-crc32'], 'a put came');
    t.equal(headers.authorization, undefined, 'without keys it is anonymous');
    t.equal(headers['x-amz-security-token'], undefined);
    const anonymous = openS3Store(alone);
    t.teardown(() => anonymous.close());
    t.equal(anonymous.signedUrl, undefined);
    t.match(await failureOf(t, all(anonymous.list(''))), { kind: 'denied', code: 'AccessDenied' });
    t.same(metadata.calls, []);
  });

  await t.test('no keys anywhere', async (t) => {
    withoutAwsEnvironment(t);
    const store = openS3Store(config);
    t.teardown(() => store.close());
    const failure = await failureOf(t, store.put('a', Buffer.from('a'), MP4));
    t.match(failure, { kind: 'denied', code: 'CredentialsProviderError' });
    t.match(failure.mend, /access_key_id/);
  });
}
