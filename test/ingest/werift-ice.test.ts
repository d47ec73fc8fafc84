import { createSocket } from 'node:dgram';
import t, { type Test } from 'tap';
import { Connection, classes, Message, methods, parseMessage } from 'werift';
import { IceAgent, type IceAgentOptions } from '../../src/ingest/werift-ice.ts';
import { requireIceInternals } from '../../src/ingest/werift-ice-internals.ts';
import { WhepSession } from '../../src/ingest/whep-session.ts';
import { Live777StandIn } from '../live777/live777-stand-in.ts';
import { WHEP_LOOPBACK } from './whep-endpoint.ts';
import { RecordingSink, until } from './whip-server.ts';

/** A STUN server on loopback that says the client is at 192.0.2.7 (RFC 8489 §2); counts requests. */
async function listenStun(t: Test): Promise<{ url: string; requests: () => number }> {
  const socket = createSocket('udp4');
  let requests = 0;
  socket.on('message', (datagram, from) => {
    const request = parseMessage(datagram);
    if (request?.messageMethod !== methods.BINDING) return;
    requests++;
    const response = new Message(methods.BINDING, classes.RESPONSE, request.transactionId);
    response.setAttribute('XOR-MAPPED-ADDRESS', ['192.0.2.7', from.port]);
    socket.send(response.bytes, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  return { url: `stun:127.0.0.1:${socket.address().port}`, requests: () => requests };
}

async function gather(t: Test, options: Partial<IceAgentOptions> = {}): Promise<IceAgent> {
  const agent = await IceAgent.gather({
    addresses: ['127.0.0.1'],
    servers: [],
    gatherTimeoutMs: 1000,
    onDatagram: () => undefined,
    onLateCandidate: () => {},
    ...options,
  });
  t.teardown(() => agent.close());
  return agent;
}

t.test('announces the addresses it was given and no others', async (t) => {
  const agent = await gather(t);
  t.match(agent.candidates, [/ 1 udp \d+ 127\.0\.0\.1 \d+ typ host/]);
  t.equal(agent.candidates.length, 1);
});

t.test('finds its address as a STUN server of ours sees it', async (t) => {
  const { url, requests } = await listenStun(t);
  const agent = await gather(t, { servers: [{ urls: [url, 'stun:', 'http://x'] }] });
  t.match(agent.candidates, [/ typ host/, / 192\.0\.2\.7 \d+ typ srflx raddr 127\.0\.0\.1 /]);
  await agent.addServers([{ urls: [url] }]);
  t.equal(requests(), 1, 'asked once');
});

t.test('a STUN server that does not answer holds up nothing', async (t) => {
  const silent = createSocket('udp4');
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const { port } = silent.address();
  const servers = [
    { urls: [`stun:127.0.0.1:${port}`] },
    { urls: [`turn:127.0.0.1:${port}`], username: 'me', credential: 'secret' },
  ];
  const agent = await gather(t, { servers, gatherTimeoutMs: 50 });
  t.equal(agent.candidates.length, 1);
});

t.test('a STUN server that the answer names is asked, and the server told', async (t) => {
  const { url } = await listenStun(t);
  const node = await Live777StandIn.listen({ links: [`<${url}>; rel="ice-server"`] });
  t.teardown(() => node.kill());
  node.publish('cam1');
  const sink = new RecordingSink();
  const session = await WhepSession.connect({ url: `${node.url}/whep/cam1` }, WHEP_LOOPBACK, sink);
  t.teardown(() => session.close('shutdown'));
  await until(() => node.fragments.length > 0 && sink.units.audio.length > 0);
  t.match(
    node.fragments[0],
    /^a=ice-ufrag:\S+\r\na=ice-pwd:\S+\r\nm=video 9 .*\r\na=mid:0\r\na=candidate:\S+ 1 udp \d+ 192\.0\.2\.7 .*\r\n$/,
  );
});

t.test('names what an upgrade of werift has moved', async (t) => {
  const build = () => new Connection(true, {});
  requireIceInternals(build());
  for (const name of ['ensureProtocol', 'pairLocalProtocol', 'buildRequest', 'protocols']) {
    t.throws(() => requireIceInternals(Object.assign(build(), { [name]: undefined })), {
      message: new RegExp(`^werift has changed: Connection.${name} is not a `),
    });
  }
});
