import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import t from 'tap';
import {
  closeIceSockets,
  type IceAddress,
  openIceSockets,
  resolveIceAddresses,
} from '../../src/ingest/ice-sockets.ts';

const open = (addresses: IceAddress[], range?: [number, number]) =>
  openIceSockets(
    addresses,
    range,
    () => undefined,
    () => {},
  );

t.test('reads what Live777 has in ice_udp_addrs', async (t) => {
  t.same(resolveIceAddresses(['127.0.0.1']), [{ address: '127.0.0.1', port: 0 }]);
  t.same(resolveIceAddresses(['127.0.0.1:0, 192.0.2.7:3478', '[::1]:9', '::1']), [
    { address: '127.0.0.1', port: 0 },
    { address: '192.0.2.7', port: 3478 },
    { address: '::1', port: 9 },
    { address: '::1', port: 0 },
  ]);
  t.same(resolveIceAddresses(['127.0.0.1', '127.0.0.1:0']).length, 1);
});

t.test('finds the addresses of this machine', async (t) => {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((list) => list!.map(({ address }) => address)),
  );
  for (const configured of [['auto'], ['AUTO'], []]) {
    const found = resolveIceAddresses(configured);
    t.ok(found.length > 0);
    for (const { address, port } of found) {
      t.ok(own.has(address), address);
      t.equal(port, 0);
    }
  }
  const addresses = resolveIceAddresses([]).map(({ address }) => address);
  t.ok(addresses.includes('127.0.0.1'), 'loopback too when nothing is configured');
});

t.test('names the entry that is wrong', async (t) => {
  for (const entry of ['example.org', '1.2.3', '127.0.0.1:70000', '127.0.0.1:x', '[::1', '']) {
    t.throws(() => resolveIceAddresses([entry]), {
      message: `[webrtc] ice_udp_addrs: ${JSON.stringify(entry)} is not "auto", "ip", "ip:port" or "[ipv6]:port"`,
    });
  }
  for (const entry of ['0.0.0.0', '0.0.0.0:3478', '[::]:0']) {
    t.throws(() => resolveIceAddresses([entry]), { message: /cannot be announced/ });
  }
});

t.test('opens a port in the range for each, and says when none is free', async (t) => {
  const probe = await open([{ address: '127.0.0.1', port: 0 }]);
  const { port } = probe[0]!.candidate;
  await closeIceSockets(probe);
  const range: [number, number] = [port, port];
  const first = await open([{ address: '127.0.0.1', port: 0 }], range);
  t.same(first[0]!.candidate, { address: '127.0.0.1', port });
  await t.rejects(open([{ address: '127.0.0.1', port: 0 }], range), {
    name: 'Refusal',
    reason: 'no-free-port',
    message: `no UDP port from ${port} to ${port} is free on 127.0.0.1`,
  } as unknown as Error);
  await closeIceSockets(first);
  const second = await open([{ address: '127.0.0.1', port: 0 }], range);
  t.equal(second[0]!.candidate.port, port, 'free again');
  await closeIceSockets(second);
});

t.test('a port that was asked for and is taken is an error, and leaves nothing open', async (t) => {
  const busy = createSocket('udp4');
  t.teardown(() => busy.close());
  await new Promise<void>((resolve) => busy.bind(0, '127.0.0.1', resolve));
  const { port } = busy.address();
  await t.rejects(
    open([
      { address: '127.0.0.1', port: 0 },
      { address: '127.0.0.1', port },
    ]),
    { reason: 'no-free-port', message: /serves one publisher at a time/ } as unknown as Error,
  );
  const udp = () => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
  while (udp() !== 1) await new Promise((resolve) => setImmediate(resolve));
  t.equal(udp(), 1);
});

t.test('receives on loopback, with room for a burst', async (t) => {
  const received: Buffer[] = [];
  const sockets = await openIceSockets(
    [{ address: '127.0.0.1', port: 0 }],
    undefined,
    (datagram) => void received.push(datagram),
    () => {},
  );
  t.teardown(() => closeIceSockets(sockets));
  const { socket, candidate } = sockets[0]!;
  const small = createSocket('udp4');
  t.teardown(() => small.close());
  await new Promise<void>((resolve) => small.bind(0, '127.0.0.1', resolve));
  t.ok(socket.receiveBufferBytes >= small.getRecvBufferSize(), 'the kernel may cap it');
  small.send('x', candidate.port, candidate.address);
  while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.same(received, [Buffer.from('x')]);
});
