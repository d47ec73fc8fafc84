import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { Test } from 'tap';

/** A call that changes what is on the disk, or makes it durable. */
export interface DiskCall {
  call: 'write' | 'datasync' | 'sync' | 'rename' | 'told';
  path: string;
  /** Of a rename: the name before. */
  from?: string;
}

/**
 * Notes the calls of this process to `node:fs/promises` in the order in which they are *done*, until
 * the test ends; with `told` a test notes among them what was told to others.
 */
export async function watchDisk(t: Test): Promise<DiskCall[]> {
  const calls: DiskCall[] = [];
  const paths = new WeakMap<object, string>();
  const { open, rename } = fs;
  const probe = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(probe);
  await probe.close();
  const original = { ...methods(prototype) };
  fs.open = async (path, ...rest) => {
    const handle = await open(path, ...rest);
    paths.set(handle, String(path));
    return handle;
  };
  fs.rename = async (from, to) => {
    await rename(from, to);
    calls.push({ call: 'rename', path: String(to), from: String(from) });
  };
  for (const [name, method] of Object.entries(original)) {
    const call = name === 'datasync' || name === 'sync' ? name : 'write';
    prototype[name] = async function (this: object, ...args: unknown[]) {
      // What is begun before a sync is done and ends after it may not be part of it.
      if (call === 'write') calls.push({ call, path: paths.get(this)! });
      const result = await method.apply(this, args);
      calls.push({ call, path: paths.get(this)! });
      return result;
    };
  }
  syncBuiltinESMExports();
  t.teardown(() => {
    Object.assign(fs, { open, rename });
    Object.assign(prototype, original);
    syncBuiltinESMExports();
  });
  return calls;
}

type Method = (...args: unknown[]) => Promise<unknown>;

function methods(prototype: Record<string, Method>): Record<string, Method> {
  const { write, writev, writeFile, datasync, sync, truncate } = prototype;
  return { write, writev, writeFile, datasync, sync, truncate } as Record<string, Method>;
}
