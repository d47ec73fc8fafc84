import t, { type Test } from 'tap';
import { type WriteOwner, WriteQueue } from '../../src/files/write-queue.ts';

/** A queue, and writes that last until a test ends them. */
function queueOf(t: Test) {
  const running = new Map<string, PromiseWithResolvers<void>>();
  const failures: unknown[] = [];
  const queue = new WriteQueue(Promise.resolve(), async (owner, { message }) => {
    t.equal(running.size, 0, 'nothing is written while a failure is handled');
    failures.push([owner, message]);
    await write('failure');
  });
  async function write(name: string): Promise<void> {
    const turn = Promise.withResolvers<void>();
    running.set(name, turn);
    await turn.promise.finally(() => running.delete(name));
  }
  return {
    queue,
    failures,
    push(name: string, owner: WriteOwner, track?: object): void {
      queue.push(owner, 1, () => write(name), track);
    },
    /** The names of the writes that run, once all that can begin have begun. */
    async running(): Promise<string[]> {
      await new Promise((resolve) => setImmediate(resolve));
      return [...running.keys()].toSorted();
    },
    end: (name: string) => running.get(name)!.resolve(),
    fail: (name: string) => running.get(name)!.reject(new Error(name)),
  };
}

t.test('tracks of a Period are written beside each other, each in order', async (t) => {
  const { queue, push, running, end } = queueOf(t);
  const owner = { failed: false };
  const [picture, sound] = [{}, {}];
  push('picture 1', owner, picture);
  push('picture 2', owner, picture);
  push('sound 1', owner, sound);
  t.same(await running(), ['picture 1', 'sound 1']);
  end('sound 1');
  push('sound 2', owner, sound);
  t.same(await running(), ['picture 1', 'sound 2']);
  t.equal(queue.pendingBytes, 3);
  end('picture 1');
  t.same(await running(), ['picture 2', 'sound 2']);
  end('picture 2');
  let isIdle = false;
  const idle = queue.idle().then(() => {
    isIdle = true;
  });
  t.same(await running(), ['sound 2']);
  t.notOk(isIdle);
  end('sound 2');
  await idle;
  t.equal(queue.pendingBytes, 0);
});

t.test('any other write runs alone, and so do those of two Periods', async (t) => {
  const { push, running, end } = queueOf(t);
  const [first, second] = [{ failed: false }, { failed: false }];
  const [picture, sound] = [{}, {}];
  push('picture', first, picture);
  push('sound', first, sound);
  push('manifest', { failed: false });
  push('folder', first);
  push('sound 2', first, sound);
  push('next picture', second, {});
  t.same(await running(), ['picture', 'sound']);
  end('picture');
  t.same(await running(), ['sound']);
  for (const name of ['sound', 'manifest', 'folder', 'sound 2', 'next picture']) {
    t.same(await running(), [name]);
    end(name);
  }
});

t.test('a failed write ends both tracks, and is handled alone', async (t) => {
  const { queue, push, running, end, fail, failures } = queueOf(t);
  const owner = { failed: false };
  const [picture, sound] = [{}, {}];
  push('picture 1', owner, picture);
  push('sound 1', owner, sound);
  push('picture 2', owner, picture);
  push('sound 2', owner, sound);
  t.same(await running(), ['picture 1', 'sound 1']);
  fail('picture 1');
  t.same(await running(), ['sound 1'], 'what runs ends first');
  end('sound 1');
  t.same(await running(), ['failure']);
  push('sound 3', owner, sound);
  push('manifest', { failed: false });
  t.same(await running(), ['failure']);
  end('failure');
  t.same(await running(), ['manifest'], 'the rest of both tracks is skipped');
  end('manifest');
  await queue.idle();
  t.same(failures, [[owner, 'picture 1']]);
});

t.test('both tracks may fail at once', async (t) => {
  const { queue, push, running, end, fail, failures } = queueOf(t);
  const owner = { failed: false };
  push('picture', owner, {});
  push('sound', owner, {});
  t.same(await running(), ['picture', 'sound']);
  fail('sound');
  fail('picture');
  t.same(await running(), ['failure']);
  end('failure');
  await queue.idle();
  t.same(failures, [[owner, 'sound']]);
  t.equal(queue.pendingBytes, 0);
});
