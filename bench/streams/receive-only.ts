/** Binds so many UDP ports, prints them, and counts nothing: what receiving datagrams alone costs. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const ports: number[] = [];
for (let count = Number(process.argv[2]); count > 0; count--) {
  const socket = createSocket('udp4');
  socket.on('message', () => {});
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(2 * 1024 * 1024);
  ports.push(socket.address().port);
}
process.stdout.write(`${ports.join(',')}\n`);
