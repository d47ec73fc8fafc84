import { parse } from 'node:querystring';
import type { FastifySchemaCompiler } from 'fastify';
import t from 'tap';
import { type TSchema, Type } from 'typebox';
import { compileValidator, validationError } from '../../src/http/validation.ts';

type Route = Parameters<FastifySchemaCompiler<TSchema>>[0];

const schema = Type.Object(
  {
    number: Type.Optional(Type.Number()),
    integer: Type.Optional(Type.Integer()),
    limit: Type.Integer({ default: 200 }),
    wanted: Type.Optional(Type.Boolean()),
    name: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
const check = compileValidator({ schema, httpPart: 'querystring' } as unknown as Route);

function read(query: Record<string, unknown> | string): unknown {
  const result = check(typeof query === 'string' ? parse(query) : query) as {
    value?: object;
    error?: Parameters<typeof validationError>[0];
  };
  return result.error === undefined
    ? { ...result.value }
    : validationError(result.error as Parameters<typeof validationError>[0]).message;
}

t.test('numbers in a query are what JavaScript reads, if they are decimal', async (t) => {
  const numbers = [
    ...['0', '7', '007', '-5', '-0', '1.5', '-12.25', '1753315200000000'],
    ...['9007199254740991', '9007199254740992', '9007199254740993', '9007199254740995'],
    ...['12345678901234567890', '1'.repeat(40), '0'.repeat(40), '9'.repeat(30)],
  ];
  for (const text of numbers) {
    t.same(read({ number: text }), { number: Number(text), limit: 200 }, text);
  }
  const others = [
    '',
    ' 5',
    '5 ',
    '+5',
    '1e3',
    '0x10',
    '1.',
    '.5',
    '--5',
    '5-',
    '٣',
    'NaN',
    '5/',
    '5:',
  ];
  for (const text of others) t.equal(read({ number: text }), 'query.number: must be number', text);
  t.equal(read('integer=1.5'), 'query.integer: must be integer');
});

t.test('booleans, defaults and text', async (t) => {
  t.same(read(''), { limit: 200 });
  t.same(read('limit=3&wanted=true'), { limit: 3, wanted: true });
  t.same(read('wanted=false&name=12'), { limit: 200, wanted: false, name: '12' });
  t.equal(read('wanted=1'), 'query.wanted: must be boolean');
  t.equal(read('limit=1&limit=2'), 'query.limit: must be integer');
  t.equal(read('limit='), 'query.limit: must be integer');
});

t.test('unknown parameters are refused by name', async (t) => {
  t.equal(read('other=1'), 'query: unknown "other"');
  t.equal(read('b=1&limit=5&a=2'), 'query: unknown "b", "a"');
  t.equal(read('__proto__=1'), 'query: unknown "__proto__"');
});
