import t from 'tap';
import { PortMember, type PortMemberSocket } from '../../src/ingest/port-member.ts';
import { SharedSocket } from '../../src/ingest/shared-socket.ts';

t.test('a session with many addresses keeps the latest', async (t) => {
  const shared = await SharedSocket.bind<PortMemberSocket>(
    { family: 4, address: '127.0.0.1', port: 0 },
    { onDatagram: () => {}, onError: () => {} },
  );
  t.teardown(() => shared.close());
  const contested: object[] = [];
  const member = new PortMember(
    () => undefined,
    (from) => contested.push(from),
  );
  const socket = member.at(shared);
  t.equal(member.at(shared), socket);
  for (let port = 1; port <= 70; port++) socket.admit({ address: '192.0.2.1', port });
  t.equal(shared.routes.size, 64);
  t.equal(shared.routes.get('192.0.2.1', 6), undefined);
  t.equal(shared.routes.get('192.0.2.1', 7), socket);
  socket.admit({ address: '192.0.2.2', port: 70 });
  t.equal(shared.routes.get('192.0.2.2', 70), socket);
  t.equal(shared.routes.get('192.0.2.1', 70), socket);
  t.equal(shared.routes.get('192.0.2.3', 70), undefined);
  member.leave();
  t.equal(shared.routes.size, 0);
  t.same(contested, []);
});
