import t from 'tap';
import { loggedError } from '../src/logged-error.ts';
import { Refusal } from '../src/refusal.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: write`), { code });

t.test('what the program expects is one line, what it does not has a stack', async (t) => {
  for (const expected of [
    systemError('ENOSPC'),
    systemError('ECONNREFUSED'),
    new Refusal('stopping', 'the recorder is stopping'),
    Object.assign(new Error('no such bucket'), { name: 'NoSuchBucket' }),
    new TypeError('fetch failed', { cause: systemError('ECONNREFUSED') }),
    new AggregateError([systemError('ECONNREFUSED'), systemError('ETIMEDOUT')]),
  ]) {
    t.notOk('stack' in loggedError(expected), expected.message);
  }
  const other = Object.assign(new TypeError('closed'), { code: 'ERR_INVALID_STATE' });
  const both = new AggregateError([systemError('ENOSPC'), new TypeError('x')]);
  for (const fault of [new TypeError('x is undefined'), new Error('never'), other, both]) {
    t.match(loggedError(fault), { type: fault.name, stack: /at / });
  }
});

t.test('causes are told, requests are not', async (t) => {
  const cause = Object.assign(systemError('ECONNREFUSED'), {
    request: { headers: { authorization: 'Bearer hunter2' } },
  });
  const error = new TypeError('fetch failed', { cause });
  const logged = loggedError(error);
  t.equal(logged.message, 'fetch failed: ECONNREFUSED: write');
  t.notMatch(JSON.stringify(logged), 'hunter2');
  const both = new AggregateError([new Error('one'), new Error('two')], 'did not stop');
  t.equal(loggedError(both).message, 'did not stop: one; two');
  const circle = new Error('a');
  circle.cause = circle;
  t.equal(loggedError(circle).message, 'a: a: a: a: a: a');
});

t.test('what another thread has described, and what is no error', async (t) => {
  const described = { type: 'Error', message: 'over there', stack: 'there' };
  t.equal(loggedError(described), described);
  t.strictSame(loggedError('text'), { type: 'string', message: 'text' });
  t.strictSame(loggedError(undefined), { type: 'undefined', message: 'undefined' });
});
