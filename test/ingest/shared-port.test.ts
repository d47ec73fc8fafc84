import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { SharedPort } from '../../src/ingest/shared-port.ts';
import { WhipSession } from '../../src/ingest/whip-session.ts';
import { freeUdpPorts } from '../server/free-udp-ports.ts';
import { connectClient } from './connected-client.ts';
import { credentialLines, RtcClient } from './rtc-client.ts';
import { StunClient } from './stun-client.ts';
import { LOOPBACK, RecordingSink, until } from './whip-server.ts';

async function openSocket(t: Test, port = 0, address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

async function openPort(
  t: Test,
  iceAddresses = ['127.0.0.1'],
): Promise<{ shared: SharedPort; port: number; warnings: string[] }> {
  const warnings: string[] = [];
  const warn = (_fields: object, message: string) => void warnings.push(message);
  const port = await freeUdpPorts();
  const shared = new SharedPort({ iceAddresses, port, log: { warn } });
  t.teardown(() => shared.close());
  await shared.open();
  return { shared, port, warnings };
}

/** A session to which nobody publishes yet, and what its publisher has to know. */
async function accept(t: Test, sharedPort: SharedPort) {
  const client = new RtcClient();
  t.teardown(() => client.close());
  const options = { ...LOOPBACK, sharedPort };
  const session = await WhipSession.accept(await client.offer(), options, new RecordingSink());
  t.teardown(() => session.close('shutdown'));
  return { session, local: credentials(session.answer) };
}

function credentials(sdp: string): { ufrag: string; password: string } {
  const [ufrag, password] = credentialLines(sdp).map((line) => line.split(':')[1]!);
  return { ufrag: ufrag!, password: password! };
}

t.test('two publishers at once, each with its own media', async (t) => {
  const { shared, port } = await openPort(t);
  const [first, second] = [
    await connectClient(t, { sharedPort: shared }),
    await connectClient(t, { sharedPort: shared }),
  ];
  for (const { session } of [first, second]) {
    t.match(session.answer, new RegExp(`127\\.0\\.0\\.1 ${port} typ host`));
    t.equal(session.answer.match(/a=candidate/g)!.length, 1);
  }
  await until(() => first.sink.units.audio.length > 20 && second.sink.units.audio.length > 20);
  for (const { session } of [first, second]) {
    t.match(session.statistics().rtp, { authenticationFailures: 0, unroutable: 0 });
  }
  await first.session.close('client');
  const heard = second.sink.units.audio.length;
  await until(() => second.sink.units.audio.length > heard + 20);
  t.equal(first.sink.closed.length, 1);
  t.equal(second.sink.closed.length, 0, 'the end of one does not concern the other');
  await until(() => first.client.dtls.state === 'closed');
  // How many a client has is up to its ICE agent; the ends of single ones are counted with clients of one address.
  await second.session.close('client');
  t.equal(shared.statistics().addresses, 0, 'the addresses of both are forgotten');
});

t.test('a session is found by its names before and after an ICE restart', async (t) => {
  const { shared, port } = await openPort(t);
  const { session, local } = await accept(t, shared);
  const client = await StunClient.openFor(t);
  await client.check(port, { local, nominate: true });
  const restart = async (ufrag: string) => {
    const { fragment } = await session.restartIce(
      `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${'p'.repeat(22)}\r\n`,
    );
    return credentials(fragment);
  };
  const second = await restart('next');
  t.not(second.ufrag, local.ufrag);
  await client.check(port, { local, nominate: true });
  await client.check(port, { local: second, nominate: true });
  const third = await restart('last');
  void client.check(port, { local });
  await client.check(port, { local: second });
  await client.check(port, { local: third, nominate: true });
  t.match(session.statistics().ice, { checks: 5, rejectedChecks: 0 });
  t.equal(shared.statistics().strangers, 1, 'the first name is given up');
});

t.test('a publisher may come from another address, and its own stays its own', async (t) => {
  const { shared, port, warnings } = await openPort(t);
  const { session, local } = await accept(t, shared);
  const other = await accept(t, shared);
  const [home, abroad] = [await StunClient.openFor(t), await StunClient.openFor(t)];
  await home.check(port, { local, nominate: true });
  t.equal(session.statistics().ice.remote, `127.0.0.1 ${home.port}`);
  await abroad.check(port, { local, nominate: true });
  t.equal(session.statistics().ice.remote, `127.0.0.1 ${abroad.port}`);
  t.equal(shared.statistics().addresses, 2);
  const stranger = await StunClient.openFor(t);
  for (const { socket } of [home, abroad, stranger]) {
    socket.send(Buffer.alloc(100, 0x80), port, '127.0.0.1');
  }
  await until(() => shared.statistics().strangers > 0);
  await abroad.check(port, { local });
  t.equal(shared.statistics().strangers, 1, 'media comes from both addresses, and from no other');
  t.equal(session.statistics().ice.strangers, 0);

  // The same client begins another session from the same port: RFC 8445 has no other way to tell.
  await home.check(port, { local: other.local, nominate: true });
  t.equal(other.session.statistics().ice.remote, `127.0.0.1 ${home.port}`);
  t.equal(shared.statistics().addresses, 2);
  t.same(warnings, []);
  await home.check(port, { local });
  await home.check(port, { local: other.local });
  t.equal(warnings.length, 1, 'two sessions that share an address are worth a word');
  t.match(warnings[0], /same address and port/);

  await session.close('client');
  t.equal(shared.statistics().addresses, 1);
  await other.session.close('client');
  t.equal(shared.statistics().addresses, 0, 'nothing is kept of sessions that are over');
});

t.test('strangers are dropped and counted, and leave nothing', async (t) => {
  const { shared, port } = await openPort(t);
  const { client, session, sink } = await connectClient(t, { sharedPort: shared });
  const { local } = await accept(t, shared);
  const strangers = await Promise.all(Array.from({ length: 5 }, () => openSocket(t)));
  const forged = await Promise.all(Array.from({ length: 5 }, () => StunClient.openFor(t)));
  const kinds = [
    Buffer.alloc(0),
    Buffer.from([0, 1, 0]),
    Buffer.alloc(1200, 0x80),
    Buffer.alloc(100, 22),
    Buffer.from('000100002112a442000102030405060708090a0b', 'hex'),
    // A USERNAME longer than its message, and one that names nobody.
    Buffer.from('000100042112a442000102030405060708090a0b00060010', 'hex'),
    Buffer.from('000100082112a442000102030405060708090a0b000600046e6f3a78', 'hex'),
  ];
  let sent = 0;
  const heard = sink.units.audio.length;
  while (sink.units.audio.length < heard + 20 || sent < 2000) {
    for (const stranger of strangers) {
      for (const kind of kinds) stranger.send(kind, port, '127.0.0.1');
      sent += kinds.length;
    }
    await nextTurn();
  }
  t.ok(shared.statistics().strangers > 100);
  // The client has two sockets, of which the second passes a check too if the first is slow.
  const addresses = () => shared.statistics().addresses;
  t.ok(addresses() === 1 || addresses() === 2);
  t.match(session.statistics(), { ice: { strangers: 0 }, rtp: { authenticationFailures: 0 } });

  for (const one of forged) {
    void one.check(port, { local: { ...local, password: 'x'.repeat(22) } });
  }
  await until(() => sink.units.audio.length > heard + 40);
  t.ok(addresses() <= 2, 'nor do those that know a name and no password');
  t.equal(client.dtls.state, 'connected');
});

t.test('says what is in the way, and opens when it is gone', async (t) => {
  const port = await freeUdpPorts();
  const shared = new SharedPort({ iceAddresses: ['127.0.0.1'], port, log: LOOPBACK.log });
  t.teardown(() => shared.close());
  const squatter = createSocket('udp4');
  squatter.bind(port, '127.0.0.1');
  await once(squatter, 'listening');
  const join = () => shared.join(() => undefined);
  await t.rejects(join(), {
    name: 'Refusal',
    reason: 'no-free-port',
    message: `UDP port ${port} of 127.0.0.1 is in use by another program`,
  });
  await new Promise<void>((resolve) => squatter.close(() => resolve()));
  t.same((await join()).candidates, [{ address: '127.0.0.1', port }]);
  await shared.close();
  await openSocket(t, port);
  await t.rejects(join(), { name: 'Refusal', reason: 'stopping' });
});

t.test('has a socket for each address, and one for all that are not of this machine', async (t) => {
  const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
    list!.some(({ address }) => address === '::1'),
  );
  const ipv6 = hasIpv6 ? ['::1'] : [];
  const { shared, port } = await openPort(t, ['127.0.0.1', '127.0.0.2', ...ipv6, '192.0.2.7']);
  const own = await openPort(t, ['127.0.0.1', '127.0.0.2', ...ipv6]);
  const { candidates } = await shared.join(() => undefined);
  t.same(
    candidates.map((candidate) => candidate.address),
    ['127.0.0.1', '127.0.0.2', ...ipv6, '192.0.2.7'],
  );
  t.ok(candidates.every((candidate) => candidate.port === port));
  const count = async (to: number, address: string) => {
    const seen = () => shared.statistics().strangers + own.shared.statistics().strangers;
    const before = seen();
    const sender = await openSocket(t, 0, address.includes(':') ? '::1' : '127.0.0.1');
    sender.send('x', to, address);
    await until(() => seen() === before + 1);
  };
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3', ...ipv6])
    await count(port, address);
  for (const address of ['127.0.0.1', '127.0.0.2', ...ipv6]) await count(own.port, address);
  await openSocket(t, own.port, '127.0.0.3');
  t.pass('only the addresses that are announced are taken');
});
