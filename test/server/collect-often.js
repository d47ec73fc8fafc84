// Preloaded into every thread of a recorder under test: a file that nobody closes is found within
// a moment, instead of whenever the collector happens to run.
import { findGc } from './find-gc.js';

setInterval(findGc(), 500).unref();
