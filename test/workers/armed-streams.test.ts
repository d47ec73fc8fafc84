import t from 'tap';
import { ArmedStreams, type ArmState } from '../../src/workers/armed-streams.ts';

const nobody = async () => false;
const somebody = async () => true;
const told = async () => 'told';

function armedStreams(most: number) {
  const states = new Map<string, ArmState>();
  const armed = new ArmedStreams(most, async () => (stream) => states.get(stream) ?? 'waiting');
  const list = async () =>
    (await armed.list()).map(({ stream, isWaiting }) => `${stream}${isWaiting ? '?' : ''}`);
  return { states, armed, list };
}

t.test('so many may wait, and those that are recorded do not count', async (t) => {
  const { armed, states, list } = armedStreams(2);
  t.equal(await armed.add('a', undefined, nobody, told), 'told');
  await armed.add('b', 'base', nobody, told);
  await t.rejects(armed.add('c', undefined, nobody, told), {
    name: 'Refusal',
    reason: 'too-many-armed',
    message: /^2 streams wait .*DELETE \/api\/recorder\/armed.*max_armed_streams/,
  });
  t.equal(await armed.add('a', 'other', nobody, told), 'told', 'asking again is no other stream');
  t.match(armed.get('b'), { baseDir: 'base' });
  t.equal(armed.get('a')?.baseDir, undefined);
  t.equal(armed.get('c'), undefined);
  await armed.add('live', undefined, somebody, told);
  states.set('live', 'recorded').set('a', 'recorded');
  await armed.add('c', undefined, nobody, told);
  t.strictSame(await list(), ['a', 'b?', 'live', 'c?']);
  armed.delete('b');
  await armed.add('d', undefined, nobody, told);
  states.set('c', 'over');
  await armed.add('e', undefined, nobody, told);
  t.strictSame(await list(), ['a', 'live', 'd?', 'e?'], 'one that is over makes room');
});

t.test('none may wait where the bound is 0', async (t) => {
  const { armed } = armedStreams(0);
  await t.rejects(armed.add('a', undefined, nobody, told), { message: /^0 streams/ });
  t.equal(await armed.add('b', undefined, somebody, told), 'told');
});

t.test('what could not be armed is not, and what is on its way counts', async (t) => {
  const { armed, states, list } = armedStreams(1);
  const fail = () => Promise.reject(new Error('no folder'));
  await t.rejects(armed.add('a', undefined, nobody, fail), { message: 'no folder' });
  t.strictSame(await list(), []);
  const way = Promise.withResolvers<string>();
  states.set('b', 'over');
  const adding = armed.add('b', undefined, nobody, () => way.promise);
  t.strictSame(await list(), ['b?']);
  await t.rejects(armed.add('c', undefined, nobody, told), { message: /^1 streams/ });
  way.resolve('told');
  await adding;
  t.strictSame(await list(), []);
});
