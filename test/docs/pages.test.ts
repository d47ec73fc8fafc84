import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { configReference, configTables, referenceFile } from '../../scripts/config-reference.ts';
import { CONFIG_WORDS } from '../../scripts/config-words.ts';
import { pagesIn, shellBlocks } from './shell-blocks.ts';

const ROOT = join(import.meta.dirname, '../..');

t.test('every block of commands says how it is tested', async (t) => {
  let count = 0;
  for (const page of pagesIn('en')) {
    for (const { mark, commands } of shellBlocks(page)) {
      count++;
      const [, file] = /^tested by (\S+)$/.exec(mark) ?? [];
      if (file === undefined)
        t.match(mark, /^(run|run, stopped|not run: .{10,})$/, `${page}: ${commands}`);
      else t.ok(existsSync(join(ROOT, file)), `${page} names ${file}`);
    }
  }
  t.ok(count > 10, `${count} blocks`);
});

t.test('the Chinese pages are the same, with the same commands', async (t) => {
  const names = (language: 'en' | 'zh') =>
    pagesIn(language).map((page) => page.replace(`docs/${language}/`, '').replace('.zh-CN', ''));
  t.strictSame(names('zh'), names('en'));
  for (const [index, page] of pagesIn('en').entries()) {
    const chinese = pagesIn('zh')[index]!;
    t.strictSame(shellBlocks(chinese), shellBlocks(page), chinese);
  }
});

t.test('the configuration reference is that of the schema', async (t) => {
  for (const language of ['en', 'zh'] as const) {
    const written = readFileSync(join(ROOT, referenceFile(language)), 'utf8');
    t.ok(
      written === configReference(language),
      `${referenceFile(language)}, else run \`npm run docs\``,
    );
  }
  const keys = new Map(configTables().map(({ name, keys }) => [name, keys]));
  for (const [name, words] of Object.entries(CONFIG_WORDS)) {
    const unknown = Object.keys(words).filter((key) => !(key in (keys.get(name) ?? {})));
    t.strictSame(unknown, [], `no words for keys that are not there: ${name}`);
  }
});
