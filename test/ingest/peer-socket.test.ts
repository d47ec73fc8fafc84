import { createSocket, type Socket } from 'node:dgram';
import t, { type Test } from 'tap';
import { closeIceSockets, openIceSockets } from '../../src/ingest/ice-sockets.ts';
import { until } from './whip-server.ts';

async function bound(t: Test): Promise<Socket> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

for (const portRange of [undefined, [20480, 20499]] as const) {
  t.test(`shuts strangers out and lets them in again, port ${portRange ?? 'any'}`, async (t) => {
    const received: string[] = [];
    const errors: Error[] = [];
    const sockets = await openIceSockets(
      [{ address: '127.0.0.1', port: 0 }],
      portRange,
      (datagram) => void received.push(datagram.toString()),
      (error) => errors.push(error),
    );
    t.teardown(() => closeIceSockets(sockets));
    const { socket, candidate } = sockets[0]!;
    const [peer, stranger] = [await bound(t), await bound(t)];
    const heard: string[] = [];
    for (const one of [peer, stranger]) one.on('message', (d) => heard.push(d.toString()));
    const send = (from: Socket, text: string) => from.send(text, candidate.port, '127.0.0.1');

    send(stranger, 'before');
    await until(() => received.includes('before'));
    socket.narrow({ address: '127.0.0.1', port: peer.address().port });
    t.equal(socket.isNarrowed, true);
    send(stranger, 'shut out');
    send(peer, 'peer');
    await until(() => received.includes('peer'));
    socket.send(Buffer.from('to the stranger'), stranger.address().port, '127.0.0.1');
    socket.send(Buffer.from('to the peer'), peer.address().port, '127.0.0.1');
    await until(() => heard.length > 0);
    t.same(heard, ['to the peer']);

    socket.widen();
    t.equal(socket.isNarrowed, false);
    send(stranger, 'after');
    await until(() => received.includes('after'));
    t.same(received, ['before', 'peer', 'after'], 'at the port that was announced');
    t.same(errors, []);
  });
}

t.test('a peer that is gone opens it for others', async (t) => {
  const received: string[] = [];
  const errors: Error[] = [];
  const sockets = await openIceSockets(
    [{ address: '127.0.0.1', port: 0 }],
    undefined,
    (datagram) => void received.push(datagram.toString()),
    (error) => errors.push(error),
  );
  t.teardown(() => closeIceSockets(sockets));
  const { socket, candidate } = sockets[0]!;
  const peer = createSocket('udp4');
  await new Promise<void>((resolve) => peer.bind(0, '127.0.0.1', resolve));
  const { port } = peer.address();
  await new Promise<void>((resolve) => peer.close(resolve));
  socket.narrow({ address: '127.0.0.1', port });
  socket.send(Buffer.from('anybody?'), port, '127.0.0.1');
  await until(() => !socket.isNarrowed);
  const other = await bound(t);
  other.send('here', candidate.port, '127.0.0.1');
  await until(() => received.length > 0);
  t.same(received, ['here']);
  t.same(errors, [], 'nothing to warn of');
});
