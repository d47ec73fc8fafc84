import { parse } from 'smol-toml';
import t from 'tap';
import { keyLines } from '../../src/config/key-lines.ts';

/** Line numbers by pointer, after the parser has accepted the same text. */
function linesOf(toml: string): Record<string, number> {
  parse(toml);
  return Object.fromEntries(keyLines(toml));
}

t.test('keys, tables and dotted keys', async (t) => {
  const toml = [
    '# a comment with [brackets] and key = 1',
    'top = 1',
    'a.b . c = 2',
    '',
    '[http] # trailing',
    '  listen = "x" # = y',
    'cors=true',
    '[recorder . storage]',
    'root = "r"',
  ].join('\n');
  t.strictSame(linesOf(toml), {
    '/top': 2,
    '/a': 3,
    '/a/b': 3,
    '/a/b/c': 3,
    '/http': 5,
    '/http/listen': 6,
    '/http/cors': 7,
    '/recorder': 8,
    '/recorder/storage': 8,
    '/recorder/storage/root': 9,
  });
});

t.test('arrays of tables count their elements, also for tables inside them', async (t) => {
  const toml = [
    '[[s]]',
    'url = 1',
    '[[s]]',
    'url = 2',
    '[s.more]',
    'x = 3',
    '[[s.more.deep]]',
    'y = 4',
    '[[s.more.deep]]',
    'y = 5',
    '[other]',
    'z = 6',
  ].join('\n');
  const lines = linesOf(toml);
  t.equal(lines['/s/0/url'], 2);
  t.equal(lines['/s/1/url'], 4);
  t.equal(lines['/s/1/more/x'], 6);
  t.equal(lines['/s/1/more/deep/0/y'], 8);
  t.equal(lines['/s/1/more/deep/1/y'], 10);
  t.equal(lines['/other/z'], 12);
});

t.test('quoted keys, with what would be syntax outside quotes', async (t) => {
  const toml = ['"a.b" = 1', "'c = d' = 2", '"e \\" \\u0041" = 3', '["t/~"."]"]', '"#" = 4'].join(
    '\n',
  );
  t.strictSame(linesOf(toml), {
    '/a.b': 1,
    '/c = d': 2,
    '/e " A': 3,
    '/t~1~0': 4,
    '/t~1~0/]': 4,
    '/t~1~0/]/#': 5,
  });
});

t.test('texts that look like keys, over several lines too', async (t) => {
  const toml = [
    'a = """',
    'b = 1',
    '[no]',
    'quotes "" and \\""" too"""""',
    "c = '''",
    "it's = 2 \\''''",
    'd = "x = \\"y\\" # z"',
    "e = 'C:\\'",
    'f = 3',
  ].join('\n');
  t.strictSame(linesOf(toml), { '/a': 1, '/c': 5, '/d': 7, '/e': 8, '/f': 9 });
});

t.test('elements of lists and inline tables, nested and over several lines', async (t) => {
  const toml = [
    'list = [',
    '  1, # one, ]',
    '',
    '  "two, ]",',
    '  { a = 3, b.c = [4,',
    '    5] },',
    '  [], {}, 1979-05-27 07:32:00,',
    ']',
    'after = true',
  ].join('\n');
  t.strictSame(linesOf(toml), {
    '/list': 1,
    '/list/0': 2,
    '/list/1': 4,
    '/list/2': 5,
    '/list/2/a': 5,
    '/list/2/b': 5,
    '/list/2/b/c': 5,
    '/list/2/b/c/0': 5,
    '/list/2/b/c/1': 6,
    '/list/3': 7,
    '/list/4': 7,
    '/list/5': 7,
    '/after': 9,
  });
});

t.test('line ends of Windows, and a document without a last line end', async (t) => {
  t.strictSame(linesOf('a = 1\r\n\r\n[b]\r\nc = """\r\nx"""\r\nd = 1'), {
    '/a': 1,
    '/b': 3,
    '/b/c': 4,
    '/b/d': 6,
  });
  t.strictSame(linesOf(''), {});
  t.strictSame(linesOf('# nothing'), {});
});

t.test('every key that the parser finds has a line', async (t) => {
  const toml = [
    'title = "x"',
    'p = { x.y = 1, "z z" = [{ q = 1 }, { q = 2 }] }',
    '[[fruit]]',
    'name = "apple"',
    '[fruit.physical]',
    'color = "red"',
    '[[fruit.variety]]',
    'name = "red"',
    '[[fruit]]',
    'name = "banana"',
    '[[fruit.variety]]',
    'name = "plantain"',
  ].join('\n');
  const lines = keyLines(toml);
  const visit = (value: unknown, pointer: string): void => {
    if (pointer !== '') t.ok(lines.has(pointer), pointer);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) visit(inner, `${pointer}/${key}`);
  };
  visit(parse(toml), '');
});

t.test('a text that is not TOML does not hold the scan up', async (t) => {
  for (const text of ['[', '[[', 'a', 'a = ', 'a = [', 'a = {', 'a = "', '= =', ']', 'a = """\\']) {
    keyLines(text);
    t.pass(text);
  }
});

t.test('keys within keys take no memory that grows with the square of their number', async (t) => {
  const depth = 20_000;
  for (const text of [`a${'.a'.repeat(depth)} = 1`, `[a${'.a'.repeat(depth)}]\nb = 1`]) {
    const lines = keyLines(`${text}\n`);
    t.equal(lines.get('/a/a'), 1);
    const characters = [...lines.keys()].reduce((sum, { length }) => sum + length, 0);
    t.ok(characters < 1024 * 1024, `${characters} characters`);
  }
});
