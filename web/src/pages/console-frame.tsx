import { AccessForm } from '../components/access-form.tsx';
import { LanguageChoice } from '../components/language-choice.tsx';
import { goTo, type Page, place, searchOf } from '../model/location.ts';
import { notice } from '../model/streams.ts';
import { words } from '../words/language.ts';
import { StreamsPage } from './streams-page.tsx';
import { WatchPage } from './watch-page.tsx';

/** What stands around every page: its head, and why the recorder says nothing. */
export function ConsoleFrame() {
  const say = words.value;
  return (
    <>
      <header class="masthead">
        <h1>{say.title}</h1>
        <nav aria-label={say.pages}>
          <PageLink to="streams">{say.streams}</PageLink>
          <PageLink to="watch">{say.watch}</PageLink>
          <a href="documentation/">{say.apiDocumentation}</a>
        </nav>
        <LanguageChoice />
        <AccessForm />
      </header>
      <p id="notice" class="notice" role="status" hidden={notice.value === ''}>
        {notice}
      </p>
      {/* Stays where it is while something else is looked at: it may be publishing. */}
      <div hidden={place.value.page !== 'streams'}>
        <StreamsPage />
      </div>
      {place.value.page === 'watch' && <WatchPage />}
    </>
  );
}

function PageLink({ to, children }: { to: Page; children: string }) {
  const target = { page: to, streams: place.value.streams, epochMs: undefined };
  return (
    <a
      href={searchOf(target) || './'}
      aria-current={place.value.page === to ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        goTo(target);
      }}
    >
      {children}
    </a>
  );
}
