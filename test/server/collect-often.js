// Preloaded into every thread of a recorder under test: a file that nobody closes is found within
// a moment, instead of whenever the collector happens to run.
setInterval(globalThis.gc, 500).unref();
