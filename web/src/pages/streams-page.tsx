import { ArmForm } from '../components/arm-form.tsx';
import { PublishPanel } from '../components/publish-panel.tsx';
import { StorageLine } from '../components/storage-line.tsx';
import { StreamList } from '../components/stream-list.tsx';
import { words } from '../words/language.ts';

/** What is published and recorded, and a publisher to try it with. */
export function StreamsPage() {
  return (
    <main>
      <section aria-labelledby="streams-title" class="panel" id="streams">
        <h2 id="streams-title" tabIndex={-1}>
          {words.value.streams}
        </h2>
        <StorageLine />
        <ArmForm />
        <StreamList />
      </section>
      <PublishPanel />
    </main>
  );
}
