import t from 'tap';
import { bestLayer } from '../../src/ingest/best-layer.ts';

const best = (...ids: string[]) => bestLayer(ids.map((encodingId) => ({ encodingId })))?.encodingId;

t.test('knows what publishers call the full picture', async (t) => {
  t.equal(best('q', 'h', 'f'), 'f');
  t.equal(best('f', 'h', 'q'), 'f');
  t.equal(best('q', 'h'), 'h', 'a layer that the publisher has paused');
  t.equal(best('l', 'm', 'h'), 'h');
  t.equal(best('l', 'h'), 'h');
  t.equal(best('s', 'm', 'l'), 'l');
  t.equal(best('low', 'mid', 'high'), 'high');
  t.equal(best('HD', 'SD'), 'HD');
  t.equal(best('2', '1', '0'), '0');
  t.equal(best('10', '9'), '9');
});

t.test('leaves the choice to the server where the names say nothing', async (t) => {
  t.equal(best(), undefined);
  t.equal(best('f'), undefined);
  t.equal(best('a', 'b'), undefined);
  t.equal(best('', ''), undefined);
});
