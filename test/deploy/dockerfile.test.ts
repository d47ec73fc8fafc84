import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';
import t from 'tap';

const ROOT = join(import.meta.dirname, '../..');

t.test('what the Dockerfile copies is there, and not kept from it', async (t) => {
  const dockerfile = await readFile(join(ROOT, 'deploy/Dockerfile'), 'utf8');
  const ignored = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).trim().split('\n');
  const isIgnored = picomatch(ignored, { dot: true });
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
    sources!.split(' '),
  );
  t.ok(copied.length > 5);
  for (const source of copied) {
    await t.resolves(access(join(ROOT, source)), source);
    t.notOk(isIgnored(source), source);
  }
  // `COPY --from=build` takes what `npm run build` writes.
  t.match(dockerfile, /npm run build\n[\s\S]*COPY --from=build \/app\/dist dist\n/);
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  t.ok(scripts.build);
  t.notMatch(dockerfile, /USER (root|0)/);
});
