import { execFile, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { createDtlsIdentity } from '../../src/ingest/werift-identity.ts';
import { DtlsSrtpClient, DtlsSrtpServer } from '../../src/ingest/werift-tap.ts';
import type { SrtpKeyPair } from '../../src/rtp/srtp-keys.ts';
import { UdpRelay } from '../network/udp-relay.ts';
import { seededRandom } from '../rtp/packets.ts';
import { until } from './whip-server.ts';

const run = promisify(execFile);

const KEY_TYPES = {
  'ECDSA P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  'RSA 2048': ['-newkey', 'rsa:2048'],
};

async function hasOpenssl(t: Test): Promise<boolean> {
  try {
    await run('openssl', ['version']);
    return true;
  } catch {
    const mend = 'no openssl: apt-get install openssl';
    if (process.env.CI === 'true') t.fail(mend);
    else t.pass('openssl is here', { skip: mend });
    return false;
  }
}

for (const [keyType, profile, mtu] of [
  ['ECDSA P-256', 'AEAD_AES_128_GCM', 1400],
  ['ECDSA P-256', 'AES_CM_128_HMAC_SHA1_80', 1400],
  ['RSA 2048', 'AEAD_AES_128_GCM', 400],
] as const) {
  t.test(`agrees with OpenSSL: ${keyType}, ${profile}, ${mtu} byte datagrams`, async (t) => {
    if (!(await hasOpenssl(t))) return;
    const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) =>
      join(t.testdir(), name),
    ) as [string, string];
    await run('openssl', [
      ...['req', '-x509', '-nodes', '-days', '30', '-subj', '/CN=publisher'],
      ...KEY_TYPES[keyType],
      ...['-keyout', key, '-out', certificate],
    ]);
    const { raw } = new X509Certificate(readFileSync(certificate));
    const socket = createSocket('udp4');
    t.teardown(() => socket.close());
    let peer: RemoteInfo;
    let keys: SrtpKeyPair | undefined;
    let failure: Error | undefined;
    const server = new DtlsSrtpServer(
      await createDtlsIdentity(),
      [{ algorithm: 'sha256', digest: createHash('sha256').update(raw).digest() }],
      {
        send: (datagram) => socket.send(datagram, peer.port, peer.address),
        onConnected: (exported) => {
          keys = exported;
        },
        onFailed: (error) => {
          failure = error;
        },
        // Not waited for: werift takes one in twelve of OpenSSL's encrypted alerts for a plain one of
        // unknown meaning, by the first bytes of the random nonce.
        onAlert: () => {},
      },
    );
    t.teardown(() => server.close());
    socket.on('message', (datagram, from) => {
      peer = from;
      server.receive(datagram, false);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));

    const gcm = profile === 'AEAD_AES_128_GCM';
    const client = spawn('openssl', [
      ...['s_client', '-dtls1_2', '-connect', `127.0.0.1:${socket.address().port}`],
      ...['-use_srtp', gcm ? 'SRTP_AEAD_AES_128_GCM' : 'SRTP_AES128_CM_SHA1_80'],
      ...['-cert', certificate, '-key', key, '-mtu', String(mtu)],
      ...['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', gcm ? '56' : '60'],
    ]);
    t.teardown(() => client.kill());
    let output = '';
    client.stdout.on('data', (text) => {
      output += text;
    });
    await until(() => failure !== undefined || /Keying material: \w+\n/.test(output));
    t.equal(failure, undefined);
    const { receiving } = keys!;
    t.equal(receiving.profile, profile);
    // RFC 5764 §4.2: client key, server key, client salt, server salt.
    const material = Buffer.from(/Keying material: (\w+)/.exec(output)![1]!, 'hex');
    t.same(receiving.masterKey, material.subarray(0, 16));
    t.same(receiving.masterSalt, material.subarray(32, 32 + receiving.masterSalt.length));
    client.stdin.end('Q\n');
    await once(client, 'exit');
  });
}

for (const [name, options, network] of [
  ['that asks for no certificate, as FFmpeg', [], {}],
  ['that asks for a certificate', ['-verify', '1'], {}],
  ['behind a bad path', ['-verify', '1'], { loss: 0.1, jitterMs: 100 }],
] as const) {
  t.test(`is the client of an OpenSSL ${name}`, async (t) => {
    if (!(await hasOpenssl(t))) return;
    const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) =>
      join(t.testdir(), name),
    ) as [string, string];
    await run('openssl', [
      ...['req', '-x509', '-nodes', '-days', '30', '-subj', '/CN=publisher'],
      ...KEY_TYPES['ECDSA P-256'],
      ...['-keyout', key, '-out', certificate],
    ]);
    const { raw } = new X509Certificate(readFileSync(certificate));
    const port = await freePort();
    const server = spawn('openssl', [
      ...['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`],
      ...['-use_srtp', 'SRTP_AEAD_AES_128_GCM', '-cert', certificate, '-key', key, ...options],
      ...['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', '56'],
    ]);
    t.teardown(() => server.kill());
    let output = '';
    server.stdout.on('data', (text) => {
      output += text;
    });
    await until(() => output.includes('ACCEPT'));
    const [there, back] = [network, network];
    const relay = await UdpRelay.open({ port, there, back, random: seededRandom(1) });
    t.teardown(() => relay.close());
    relay.impair();
    const socket = createSocket('udp4');
    t.teardown(() => socket.close());
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    let keys: SrtpKeyPair | undefined;
    let failure: Error | undefined;
    const client = new DtlsSrtpClient(
      await createDtlsIdentity(),
      [{ algorithm: 'sha256', digest: createHash('sha256').update(raw).digest() }],
      {
        send: (datagram) => socket.send(datagram, relay.port, '127.0.0.1'),
        onConnected: (exported) => {
          keys = exported;
        },
        onFailed: (error) => {
          failure = error;
        },
        onAlert: () => {},
      },
    );
    t.teardown(() => client.close());
    socket.on('message', (datagram) => client.receive(datagram, false));
    client.start();
    await until(
      () => failure !== undefined || (keys !== undefined && /material: \w+\n/.test(output)),
    );
    t.equal(failure, undefined);
    // RFC 5764 §4.2: client key, server key, client salt, server salt.
    const material = Buffer.from(/Keying material: (\w+)/.exec(output)![1]!, 'hex');
    t.same(keys!.receiving.masterKey, material.subarray(16, 32));
    t.same(keys!.receiving.masterSalt, material.subarray(44, 56));
  });
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}
