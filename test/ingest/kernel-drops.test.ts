import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { dropsIn, kernelDrops } from '../../src/ingest/kernel-drops.ts';

t.test('adds up the drops of all sockets with the port', async (t) => {
  const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 3214: 0100007F:1E62 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6785458 2 00000000c717c04b 3
 3215: 0100007F:1E62 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6785459 2 00000000c717c04c 4
 3216: 0100007F:1E63 0100007F:1E62 07 00000000:00000000 00:00000000 00000000     0        0 6785460 2 00000000c717c04d 9
`;
  t.equal(dropsIn(table, 7778), 7);
  t.equal(dropsIn(table, 7779), 9);
  t.equal(dropsIn(table, 7780), 0);
});

t.test('asks the kernel', { skip: process.platform !== 'linux' }, async (t) => {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(4096);
  const { port } = socket.address();
  t.equal(await kernelDrops(port), 0);
  const sends = Array.from(
    { length: 100 },
    () => new Promise((resolve) => socket.send(Buffer.alloc(1200), port, '127.0.0.1', resolve)),
  );
  await Promise.all(sends);
  t.ok((await kernelDrops(port))! > 0, 'nothing was read in between');
});
