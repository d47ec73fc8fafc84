import { leaveOutX509 } from '../ingest/werift-x509.ts';

// Entry point of a worker thread. What is imported statically would be loaded before.
leaveOutX509();
await import('./media-thread.ts');
