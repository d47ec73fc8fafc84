#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
// Handles them from now on; it is small enough to be compiled each time.
import './signals.ts';

// Each stream waits for its own disk writes. With the default of four threads, eight streams would
// wait for each other.
process.env.UV_THREADPOOL_SIZE ??= '16';

// Compiled code is kept between starts, where Node sees fit, or in NODE_COMPILE_CACHE: the start then takes
// two thirds of the processor time. Threads of workers learn of it from the environment.
const { directory } = enableCompileCache();
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;

// What is imported statically would be compiled before.
await import('./run.ts');
