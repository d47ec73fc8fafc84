import { createSocket } from 'node:dgram';
import t, { type Test } from 'tap';
import { classes, Message, methods } from 'werift';
import { IceLiteAgent } from '../../src/ingest/ice-lite-agent.ts';
import { PeerSocket } from '../../src/ingest/peer-socket.ts';
import { areIceCredentials } from '../../src/ingest/sdp-lines.ts';
import { StunClient } from './stun-client.ts';
import { until } from './whip-server.ts';

const REMOTE = { ufrag: 'peer', password: 'p'.repeat(22) };

async function agentOnLoopback(t: Test): Promise<{ agent: IceLiteAgent; port: number }> {
  const agent = new IceLiteAgent(REMOTE);
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const peerSocket = new PeerSocket(socket);
  let nowUs = 1;
  socket.on('message', (datagram, from) => agent.receive(datagram, from, peerSocket, nowUs++));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { agent, port: socket.address().port };
}

t.test('answers a check with the address it came from', async (t) => {
  const { agent, port } = await agentOnLoopback(t);
  const client = await StunClient.openFor(t);
  const from = { address: '127.0.0.1', port: client.port, family: 'IPv4', size: 0 } as const;
  t.equal(agent.isVerified(from), false);
  const answer = await client.check(port, { local: agent.local });
  t.equal(answer.messageClass, classes.RESPONSE);
  t.same(answer.getAttributeValue('XOR-MAPPED-ADDRESS'), ['127.0.0.1', client.port]);
  t.equal(agent.isVerified(from), true);
  t.equal(agent.lastAuthenticatedUs, 1);
});

t.test('a check with a wrong password or name is dropped', async (t) => {
  const { agent, port } = await agentOnLoopback(t);
  const client = await StunClient.openFor(t);
  const { ufrag, password } = agent.local;
  const from = { address: '127.0.0.1', port: client.port, family: 'IPv4', size: 0 } as const;
  void client.check(port, { local: { ufrag, password: REMOTE.password }, nominate: true });
  void client.check(port, { local: { ufrag: REMOTE.ufrag, password }, nominate: true });
  client.socket.send(
    Buffer.from('000100002112a442000102030405060708090a0b', 'hex'),
    port,
    '127.0.0.1',
  );
  client.socket.send(Buffer.from([0, 1, 0]), port, '127.0.0.1');
  await until(() => agent.statistics().rejectedChecks === 4);
  t.equal(agent.statistics().checks, 0);
  t.equal(agent.isVerified(from), false);
  t.equal(agent.lastAuthenticatedUs, 0);
});

t.test('stays the controlled agent (RFC 8445 §7.3.1.1)', async (t) => {
  const { agent, port } = await agentOnLoopback(t);
  const client = await StunClient.openFor(t);
  const answer = await client.check(port, { local: agent.local, controlled: true });
  t.equal(answer.messageClass, classes.ERROR);
  t.equal(answer.getAttributeValue('ERROR-CODE')[0], 487);
});

t.test('sends where the peer last nominated', async (t) => {
  const { agent, port } = await agentOnLoopback(t);
  const [first, second] = [await StunClient.openFor(t), await StunClient.openFor(t)];
  agent.send(Buffer.from('nobody there'));
  await first.check(port, { local: agent.local });
  agent.send(Buffer.from([20, 1]));
  await until(() => first.data.length === 1);
  await second.check(port, { local: agent.local, nominate: true });
  agent.send(Buffer.from([20, 2]));
  await until(() => second.data.length === 1);
  await first.check(port, { local: agent.local });
  agent.send(Buffer.from([20, 3]));
  await until(() => second.data.length === 2);
  await first.check(port, { local: agent.local, nominate: true });
  agent.send(Buffer.from([20, 4]));
  await until(() => first.data.length === 2);
  t.same(
    first.data.map((datagram) => datagram[1]),
    [1, 4],
  );
  t.same(
    second.data.map((datagram) => datagram[1]),
    [2, 3],
  );
});

t.test('a restart keeps the old path until the new one is nominated', async (t) => {
  const { agent, port } = await agentOnLoopback(t);
  const [old, fresh] = [await StunClient.openFor(t), await StunClient.openFor(t)];
  const before = agent.local;
  await old.check(port, { local: before, nominate: true });
  agent.restart({ ufrag: 'next', password: 'n'.repeat(22) });
  t.notSame(agent.local, before);
  t.equal(agent.remote.ufrag, 'next');
  await old.check(port, { local: before, nominate: true });
  agent.send(Buffer.from([20, 1]));
  await until(() => old.data.length === 1);
  await fresh.check(port, { local: agent.local });
  agent.send(Buffer.from([20, 2]));
  await until(() => old.data.length === 2);
  await fresh.check(port, { local: agent.local, nominate: true });
  agent.send(Buffer.from([20, 3]));
  await until(() => fresh.data.length === 1);
  void old.check(port, { local: before, nominate: true });
  await until(() => agent.statistics().rejectedChecks === 1);
  agent.send(Buffer.from([20, 4]));
  await until(() => fresh.data.length === 2);
  t.match(agent.statistics(), { restarts: 1, remote: `127.0.0.1 ${fresh.port}` });
});

t.test('credentials are of the form that SDP wants, and never the same', async (t) => {
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const { local } = new IceLiteAgent(REMOTE);
    if (!areIceCredentials(local)) t.fail(JSON.stringify(local));
    seen.add(local.ufrag).add(local.password);
  }
  t.equal(seen.size, 200);
});

t.test('a check that claims to come from port 0 is dropped', async (t) => {
  const agent = new IceLiteAgent(REMOTE);
  const socket = new PeerSocket(createSocket('udp4'));
  t.teardown(() => socket.close());
  const { bytes } = new Message(methods.BINDING, classes.REQUEST)
    .setAttribute('USERNAME', `${agent.local.ufrag}:peer`)
    .setAttribute('USE-CANDIDATE', null)
    .addMessageIntegrity(Buffer.from(agent.local.password));
  const from = { address: '127.0.0.1', family: 'IPv4', port: 0, size: bytes.length } as const;
  agent.receive(bytes, from, socket, 1);
  t.match(agent.statistics(), { checks: 0, rejectedChecks: 1, remote: '' });
  t.equal(agent.isVerified(from), false);
});

t.test('checks of a stranger who knows our name are looked at by the tick', async (t) => {
  const agent = new IceLiteAgent(REMOTE);
  let replies = 0;
  const socket = { send: () => replies++, widen() {}, admit() {} } as unknown as PeerSocket;
  const check = (password: string) =>
    new Message(methods.BINDING, classes.REQUEST)
      .setAttribute('USERNAME', `${agent.local.ufrag}:peer`)
      .addMessageIntegrity(Buffer.from(password))
      .addFingerprint().bytes;
  const at = (port: number) => ({ address: '127.0.0.1', family: 'IPv4', port, size: 0 }) as const;
  agent.receive(check(agent.local.password), at(1), socket, 1);
  t.equal(replies, 1);

  const forged = check('x'.repeat(22));
  for (let sent = 0; sent < 1000; sent++) agent.receive(forged, at(2), socket, 2);
  agent.receive(check(agent.local.password), at(3), socket, 3);
  t.equal(replies, 1, 'a newcomer has to come again');
  agent.receive(check(agent.local.password), at(1), socket, 4);
  t.equal(replies, 2, 'who is known is answered all the same');
  t.match(agent.statistics(), { checks: 2, rejectedChecks: 1001, strangers: 1001 });
  agent.tick();
  agent.receive(check(agent.local.password), at(3), socket, 5);
  t.equal(replies, 3);
});

t.test('only what comes from a verified address is worth reading', async (t) => {
  const { agent, port } = await agentOnLoopback(t);
  const client = await StunClient.openFor(t);
  const from = { address: '127.0.0.1', port: client.port };
  t.equal(agent.accepts(from), false);
  await client.check(port, { local: agent.local });
  t.equal(agent.accepts(from), true);
  t.equal(agent.accepts({ ...from, port: from.port + 1 }), false);
  t.equal(agent.accepts({ ...from, address: '127.0.0.2' }), false);
  t.equal(agent.statistics().strangers, 3);
});
